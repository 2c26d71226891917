# Texts of the page in English. Each view has its part.

## Everywhere
views = Views
view-day = Events
view-calendar = Calendar
view-live = Live
view-storage = Storage
sign-out = Sign out
zone = The time zone of all times on this page
close = Close
undo = Undo
seconds = { $s } s
minutes = { $m } min { $s } s
hours = { $h } h { $m } min
not-measured = not measured yet
not-loaded = A part of the page cannot be loaded: { $why }
away = The service cannot be reached. The page goes on when it can.
away-why = The service cannot be reached ({ $why }). The page goes on when it can.
refused = The service refuses this: { $why }
progress = ({ $done } of { $days } days, { $percent } %)
deleted = { $count ->
    [one] 1 event deleted
   *[other] { $count } events deleted
  }
not-all-saved = { $count ->
    [one] 1 event was not changed: { $why }
   *[other] { $count } events were not changed: { $why }
  }
not-all-deleted = { $count ->
    [one] 1 event was not deleted: { $why }
   *[other] { $count } events were not deleted: { $why }
  }
not-all-restored = { $count ->
    [one] 1 event stays deleted: { $why }
   *[other] { $count } events stay deleted: { $why }
  }

## Events of days: the list
## Filters
## Timeline
## Player
recording = recording
state-complete = complete
state-interrupted = interrupted
saved = saved
reviewed = reviewed
camera = Camera
start = Start
length = Length
frames = Frames
size = Size
strength = Strength
state = State
place = Where it lies
place-local = on this host
place-store = only in the store { $store }
expires = Expires
expires-at = { $day }: { $why }
expires-age = it will be older than { $days } days
expires-saved = never, it is saved
details = Details
movies = Movies
debug-movie = What Motion detected
download-movie = Movie
download-zip = All files (zip)
download-of = Download { $name }
copy-link = Copy link to this moment
link = Link
copied = The link is in the clipboard.
others = Other cameras at this moment
swap = Show large
play = Play
pause = Pause
mute = Mute
unmute = Sound on
position = Position
speed = Speed
full-screen = Full screen
keys = Keys
loading = Loading …
try-again = Try again
movie-of = Recording of { $camera }
movie-making = A movie that browsers play is being made.
movie-none = There is no movie and no picture of this event.
movie-open = It is still being recorded. The movie can be played when that is over.
movie-interrupted = The recording was interrupted, and its movie cannot be played.
movie-unplayable = This browser cannot play the movie.
movie-not-made = A movie that browsers play cannot be made: { $why }
movie-unreachable = The service cannot be reached. This goes on when it can.
movie-refused = The service does not send the file ({ $status }).
movie-gone = The movie is not there any more.
store-away = The file is in the store { $store }, which cannot be used now ({ $status }).
frames-none = The frames cannot be loaded or shown.
event-gone = The event is not there any more.
not-known = The event cannot be loaded: { $why }
no-next = There is no later event.
no-previous = There is no earlier event.
saved-stays = The event is saved, so it is not deleted.
open-stays = The event is still being recorded, so it is not deleted.
skipped = { $count ->
    [one] 1 event that cannot be played was skipped
   *[other] { $count } events that cannot be played were skipped
  }
play-on = Play on
play-on-title = At the end play the next event
key-toggle = Play or pause
key-seek = 10 seconds back or forward
key-frame = One frame back or forward
key-next = Next event
key-previous = Previous event
key-save = Save from being deleted
key-review = Reviewed
key-remove = Delete
key-play-on = Play on
key-full = Full screen
key-mute = Sound on or off
key-zoom = Zoom in, out, off
key-close = Leave zoom or full screen, close

## Pictures without an event
pictures-title = Without an event: { $day }
pictures-none = Every file of this day belongs to an event.
pictures-of = { $camera }: { $pictures ->
    [0] no pictures
    [one] 1 picture
   *[other] { $pictures } pictures
  }{ $others ->
    [0] { "" }
    [one] , 1 other file
   *[other] , { $others } other files
  }
pictures-failed = The pictures cannot be loaded: { $why }
pictures-cameras = Cameras
pictures-pages = Pages
pictures-from = from { $name }
pictures-earlier = Earlier
pictures-later = Later
picture-blank = This cannot be shown.
picture-kind = Browsers cannot show pictures of this kind.
picture-unreachable = The service cannot be reached. The picture is loaded when it can.
picture-gone = The picture is not there any more.
picture-refused = The service does not send the picture ({ $status }).
picture-unshowable = This browser cannot show the picture.
picture-number = { $at } of { $all }, { $size }
picture-previous = Previous picture
picture-next = Next picture
picture-file = The file
## Calendar
## Live
## Storage
