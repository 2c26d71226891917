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
## Pictures without an event
## Calendar
## Live
## Storage
