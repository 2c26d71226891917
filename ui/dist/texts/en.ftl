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
minutes = { $s ->
    [0] { $m } min
   *[other] { $m } min { $s } s
  }
hours = { $m ->
    [0] { $h } h
   *[other] { $h } h { $m } min
  }
not-measured = not measured yet
not-loaded = A part of the page cannot be loaded: { $why }
away = The service cannot be reached. The page goes on when it can.
away-why = The service cannot be reached ({ $why }). The page goes on when it can.
away-silent = The service does not respond. The page goes on when it does.
no-connection = The service cannot be reached.
no-response = The service does not respond.
refused = The service refuses this: { $why }
waits-preload = The archive is still being read.
waits-catalog = The list of the events cannot be written now.
waits-watch = New recordings are not noticed now.
waits-space = The free space of the disk cannot be read.
waits-disk = A disk does not respond.
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
undo-gone = What was deleted cannot be put back any more: it was put back or removed meanwhile.
left-saved = { $count ->
    [one] 1 event is saved, so it was not deleted.
   *[other] { $count } events are saved, so they were not deleted.
  }
left-open = { $count ->
    [one] 1 event is still being recorded, so it was not deleted.
   *[other] { $count } events are still being recorded, so they were not deleted.
  }
not-all-restored = { $count ->
    [one] 1 event stays deleted: { $why }
   *[other] { $count } events stay deleted: { $why }
  }

## Events of days: the list
list = Events
list-new = { $count } new
list-away = The events cannot be loaded
list-refused = These events cannot be shown
list-retries = The page tries again by itself.
list-reading = The archive is still being read. Events appear as they are found.
list-nothing = Nothing matches
list-nothing-why = No event passes the filters that are chosen above.
list-no-events = No events yet
list-no-events-why = There are cameras, but Motion has recorded nothing in this archive. The first event appears here by itself.
list-no-cameras = No cameras yet
list-no-cameras-why = Set Motion's target_dir to this archive, with file names as the README has them. The first event appears here by itself.
day-events = { $count ->
    [one] 1 event
   *[other] { $count } events
  }
day-unreviewed = { $count } unreviewed
day-loose = { $count ->
    [one] 1 file without an event
   *[other] { $count } files without an event
  }
day-mark = Mark day reviewed
day-unmark = Mark day unreviewed
card-open = recording
card-interrupted = interrupted
card-in-store = in { $store }
card-saved = saved
card-unreviewed = not reviewed
card-strength = strength { $strength }
card-star = Save the event of { $event }
card-select = Select the event of { $event }
selection = Selected events
selection-count = { $count } selected
selection-save = Save
selection-unsave = Unsave
selection-reviewed = Mark reviewed
selection-unreviewed = Mark unreviewed
selection-delete = Delete
selection-zip = Zip
selection-zip-range = Zip of this range
selection-mp4 = One MP4
selection-range = All events from { $from } to { $to } of the cameras of the selected ones
export-making = The movie is being made: { $percent } %
export-cancel = Cancel the MP4
export-failed = The movie cannot be made: { $why }
export-left-out = { $count ->
    [one] The movie is without 1 event, or a part of it: nothing usable is there, or it is still being recorded.
   *[other] The movie is without { $count } events, or parts of them: nothing usable is there, or they are still being recorded.
  }
selection-clear = Clear the selection

## Filters
filters = Filters
filters-remove = Remove filters
filter-day = Go to the day
filter-cameras = Cameras
filter-all-cameras = All cameras
filter-saved = Saved
filter-unreviewed = Unreviewed
filter-min = Any length
filter-strength = Any strength
filter-at-least = ≥ { $what }
filter-hours = Part of the day
filter-hours-all = All day
filter-hours-22-06 = Night, 22–06
filter-hours-06-22 = Day, 06–22
filter-hours-custom = Other hours
filter-hours-from = From
filter-hours-to = To
filter-region = Region
region-title = Movement in a part of the picture
region-how = Draw a rectangle. The list then shows the events in which something moved there.
region-keys = Rectangle: arrow keys move it, shift and arrow keys change its size
region-camera = Picture of
region-left = Left
region-top = Top
region-right = Right
region-bottom = Bottom
region-apply = Show these events
region-remove = Whole picture
region-cancel = Cancel

## Timeline
timeline = Timeline of the events
timeline-keys = Left and right go from event to event, up and down to another camera, Home and End to the first and the last in view. Plus and minus zoom, Page Up and Page Down show another day. Enter opens the event, Escape leaves.
timeline-in = Zoom in
timeline-out = Zoom out
timeline-day = Day
timeline-week = Week
timeline-now = Now
timeline-none = No event is chosen
timeline-open = being recorded
timeline-saved = saved
timeline-reviewed = reviewed
timeline-unreviewed = not reviewed
timeline-place = { $nth } of { $count }
timeline-before = before: { $time }
timeline-span = { $span }: { $count ->
    [one] 1 event
   *[other] { $count } events
  }
timeline-many = { $camera }: { $count ->
    [one] 1 event
   *[other] { $count } events
  }
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
place-store = only as a copy in { $store }
expires = Expires
expires-at = { $day }: { $why }
expires-saved = never, it is saved
expires-estimate = about { $day }, at the present rate: { $why }
expires-no-rule = never, no rule takes it
expires-camera-over = the oldest days go when the camera takes more than { $limit }
expires-archive-over = the oldest days go when the recordings take more than { $limit }
expires-free-space-under = the oldest days go when { $isKnown ->
    [yes] less than { $wanted } of the disk are free
   *[no] too little of the disk is free
  }
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
store-away = The file is only a copy in { $store }, which cannot be used now ({ $status }).
frames-none = The frames cannot be loaded or shown.
event-gone = The event is not there any more.
event-none = There is no such event, or you may not see it.
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
chips-cameras = Cameras
chips-all = All cameras
calendar-loading = Loading …
calendar-empty = Nothing has been recorded yet.
calendar-failed = Days cannot be loaded now: { $why }
calendar-retry = Try again
calendar-fewer = fewer
calendar-more = more events
calendar-unreviewed = not all reviewed
calendar-saved = saved
calendar-next = goes with the next clean-up
calendar-soon = goes within a week
calendar-events = { $count ->
    [0] no events
    [one] 1 event
   *[other] { $count } events
  }
calendar-count-unreviewed = { $count } not reviewed
calendar-count-saved = { $count } saved
calendar-count-loose = { $count ->
    [one] 1 other file
   *[other] { $count } other files
  }
calendar-goes-next = { $camera }: goes with the next clean-up, { $why }
calendar-goes = { $camera }: goes { $days ->
    [one] tomorrow
   *[other] in { $days } days
  }, { $why }

## Live
live-no-camera = There is no camera yet.
live-at-a-time = Cameras at a time
live-before = Cameras before
live-after = More cameras
live-page = { $page } of { $pages }
live-full = Full screen
live-alone = Only this camera
live-picture = { $camera }, live
live-records = recording
live-newest = newest: { $time }
live-day = its day
live-since = No picture since { $time }
live-none-yet = No picture yet
live-ended = the stream has ended
live-silent = it does not respond
live-unknown = it sends something else than pictures
live-configure = Where the live pictures of this camera are is not known. Start Owlery with --motion-conf, or with --live CAMERA=URL.
live-not-configured = There are no live pictures of this camera.
live-thumbnail = The newest event of { $camera }

## Storage
ask-cancel = Cancel
held-confirm = Confirm …
held-title = Carry out this clean-up?
held-title-date = Delete the days of a wrong date?
held-asks = { $count ->
    [one] 1 event ({ $size }) is deleted.
   *[other] { $count } events ({ $size }) of { $days ->
        [one] 1 day
       *[other] { $days } days
      } are deleted.
  }
held-gone = This clean-up does not wait any more.
held-action = { $count ->
    [one] Delete 1 event
   *[other] Delete { $count } events
  }
storage-at-least = at least { $size }
pass-made = { $count ->
    [one] 1 event deleted ({ $size })
   *[other] { $count } events deleted ({ $size })
  }
pass-empty = Nothing had to be deleted.
pass-failed = { $count ->
    [one] Something could not be deleted: { $why }
   *[other] { $count } things could not be deleted: { $why }
  }
storage-restored = { $count ->
    [one] 1 event restored
   *[other] { $count } events restored
  }
storage-restored-until = { $count ->
    [one] 1 event restored. No rule takes its day until { $until }.
   *[other] { $count } events restored. No rule takes their days until { $until }.
  }
storage-retry = Try again
storage-loading = Loading …
section-failed = This cannot be loaded now: { $why }
section-use = Use
section-rules = Rules
section-plan = Next clean-up
section-queue = Deleted, still here
section-stores = Copies
section-cache = Cache
section-audit = Log
storage-show-more = Show more ({ $count })
storage-all = All
storage-day = Day
storage-camera = Camera
storage-events = Events
storage-saved = Saved
storage-size = Size
storage-share = Share
storage-a-day = A day
storage-will-keep = By its rules
storage-why = Why
storage-deleted-at = Deleted
storage-by = By
storage-by-rule = rules
storage-by-hand = by hand
storage-until = Restorable until
storage-at = When
storage-what = What
storage-which = Which
storage-no-camera = There is no camera yet.
storage-use-caption = What the recordings of each camera take
storage-disk = { $free } of { $total } on the disk are free ({ $percent })
storage-growth-month = { $size } a day in the last 30 days
storage-full-in = { $days ->
    [0] Without deleting, the disk is full within a day
    [one] Without deleting, the disk is full in a day
   *[other] Without deleting, the disk is full in { $days } days
  }
storage-full-never = Without deleting, the disk lasts for more than ten years
keeps-keep-days = { $isKnown ->
    [yes] { $days ->
        [one] 1 day is kept
       *[other] { $days } days are kept
      }
   *[no] Each camera keeps the days of its own rule
  }{ $isSized ->
    [yes] , about { $size }
   *[no] {""}
  }
keeps-max-size = At most { $size } are kept{ $isKnown ->
    [yes] , about { $days } days
   *[no] {""}
  }
keeps-min-free = { $isSized ->
    [yes] The disk holds { $size } beside what stays free
   *[no] How much the disk holds beside what stays free is not known
  }{ $isKnown ->
    [yes] , about { $days } days
   *[no] {""}
  }
rule-keep-days = Days are deleted when they lie more than { $days } days back.
rule-keep-days-camera = { $camera }: days are deleted when they lie more than { $days } days back.
rule-forever = Nothing is deleted because of its age.
rule-forever-camera = { $camera }: no rule deletes anything.
rule-max-size = The recordings take at most { $size }; the oldest days go first.
rule-max-size-camera = { $camera }: the recordings take at most { $size }; the oldest days go first.
rule-min-free = { $size } of the disk stay free; the oldest days go first.
rule-floor = { $days ->
    [one] For size or space, nothing younger than a day is deleted.
   *[other] For size or space, nothing younger than { $days } days is deleted.
  }
rule-share = A clean-up that would delete more than { $percent } of the recordings waits for a confirmation.
rule-none = There is no rule: nothing is deleted by itself.
storage-next-pass = Next clean-up: { $when }
storage-guard = A safeguard holds it up ({ $name }): { $message }
storage-run = Clean up now
storage-run-title = Clean up now?
held-pass = A clean-up waits for a confirmation
held-what = { $count ->
    [one] 1 event ({ $size })
   *[other] { $count } events ({ $size })
  } of { $days ->
    [one] 1 day
   *[other] { $days } days
  }
held-caption = What this clean-up deletes, and why
storage-no-plan = What the next clean-up deletes is not known.
plan-empty = Nothing has to be deleted now.
plan-takes = It deletes { $count ->
    [one] 1 event ({ $size })
   *[other] { $count } events ({ $size })
  } of { $days ->
    [one] 1 day
   *[other] { $days } days
  }, as things are now
plan-keeps = It leaves { $count ->
    [one] 1 event ({ $size })
   *[other] { $count } events ({ $size })
  } that a rule would take
plan-kept = What stays, and why
queue-empty = Nothing can be restored.
queue-caption = What was deleted and can be restored
queue-what = { $cameras }: { $days ->
    [one] 1 day
   *[other] { $days } days
  }
queue-items = What was deleted, and why
storage-reaping = being removed
storage-restore = Restore
storage-no-store = No place for copies is configured: there are none elsewhere.
store-trouble = Nothing can be copied since { $when }: { $why }
store-lost = Out of reach since { $when }.
store-rule = Copied
store-copy-complete = every event, when it is complete
store-copy-saved = saved events
store-copy-expire = events before they are deleted
store-copy-off = nothing by itself
store-inactive = nothing: it is not active
storage-encrypted = encrypted
store-activity = Now
store-idle = nothing to copy
store-copying = copying
store-window = waiting for its hours
store-failing = trying again
store-waiting = Waiting
store-comparing = being compared
store-events = { $count ->
    [0] no event
    [one] 1 event ({ $size })
   *[other] { $count } events ({ $size })
  }
store-oldest = Oldest not copied
store-copied = Since the start
store-failures = { $count ->
    [one] 1 attempt failed
   *[other] { $count } attempts failed
  }
store-failed = These events could not be copied, and are tried again:
cache-size = { $size } of { $most }
cache-entries = Entries
cache-hits = Found in it
cache-prune = Remove the half used least
cache-clear = Empty the cache
cache-clear-what = Everything in it is made or fetched again when it is needed.
audit-empty = Nothing has been deleted, restored or refused.
audit-caption = What was done with recordings, the newest first
audit-older = Older entries
audit-pass = clean-up
audit-item = deleted by a clean-up
audit-left = left where it was
audit-refused = refused
audit-restored = restored
audit-deleted = deleted
audit-saved = saved
audit-unsaved = no longer saved
audit-emptied = emptied by another program
audit-removed = removed at once
audit-failed = failed
audit-lost = entries lost
audit-other = something new
storage-some-events = { $count } events
reason-older-than = older than { $days ->
    [one] a day
   *[other] { $days } days
  }
reason-camera-over = the camera takes { $excess } more than { $limit }
reason-archive-over = the recordings take { $excess } more than { $limit }
reason-free-space-under = { $free } of the disk are free, less than { $wanted }
reason-saved = saved
reason-open = still being recorded
reason-restored = restored
reason-floor = too young to go for size or space
reason-wrong-date = its date cannot be right
reason-no-events = it has files, but no events
reason-not-copied = not copied yet
reason-without-copy = { $why }; a copy was missing
reason-deleted = deleted by hand
reason-emptied = emptied by another program
reason-in-place = { $why ->
    [nothing] removed at once on a full disk
   *[other] removed at once on a full disk: { $why }
  }
reason-put-back = put back after an interruption
reason-whole-archive = a rule of the whole archive
reason-withheld = for those who see all cameras
