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
## Pictures without an event
## Calendar
## Live
## Storage
