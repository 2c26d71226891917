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
selection-unsave = Do not save
selection-reviewed = Mark reviewed
selection-unreviewed = Mark unreviewed
selection-delete = Delete
selection-zip = Zip
selection-zip-range = Zip of this range
selection-mp4 = One MP4
selection-range = All events from { $from } to { $to } of the cameras of the selected ones
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
## Player
## Pictures without an event
## Calendar
## Live
## Storage
