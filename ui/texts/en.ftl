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
calendar-next = goes with the next pass
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
calendar-goes-next = { $camera }: goes with the next pass, { $why }
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
live-records = records
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
held-title = Carry out the held pass?
held-asks = { $count ->
    [one] 1 event ({ $size }) is deleted.
   *[other] { $count } events ({ $size }) of { $days ->
        [one] 1 day
       *[other] { $days } days
      } are deleted.
  }
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
section-plan = Next pass
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
keeps-keep-days = { $days } days are kept, about { $size }
keeps-max-size = At most { $size } are kept, about { $days } days
keeps-min-free = The disk holds { $size } with what stays free, about { $days } days
rule-keep-days = Days are deleted when they lie more than { $days } days back.
rule-keep-days-camera = { $camera }: days are deleted when they lie more than { $days } days back.
rule-forever = Age deletes nothing.
rule-forever-camera = { $camera }: no rule deletes anything.
rule-max-size = The recordings take at most { $size }; the oldest days go first.
rule-max-size-camera = { $camera }: the recordings take at most { $size }; the oldest days go first.
rule-min-free = { $size } of the disk stay free; the oldest days go first.
rule-floor = { $days ->
    [one] For size or space, nothing younger than a day is deleted.
   *[other] For size or space, nothing younger than { $days } days is deleted.
  }
rule-share = A pass that would delete more than { $percent } of the recordings waits for a confirmation.
rule-none = There is no rule: nothing is deleted by itself.
storage-next-pass = Next pass: { $when }
storage-guard = A guard holds ({ $name }): { $message }
storage-run = Make a pass now
storage-run-title = Make a pass now?
held-pass = A pass waits for a confirmation
held-what = { $count ->
    [one] 1 event ({ $size })
   *[other] { $count } events ({ $size })
  } of { $days ->
    [one] 1 day
   *[other] { $days } days
  }
held-caption = What the held pass takes, and why
storage-no-plan = What the next pass takes is not known.
plan-empty = Nothing has to be deleted now.
plan-takes = It takes { $count ->
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
storage-no-store = No store is configured: there are no copies elsewhere.
store-trouble = Nothing can be copied since { $when }: { $why }
store-lost = It cannot be reached since { $when }.
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
audit-pass = pass
audit-item = deleted by a pass
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
reason-restored = restored from the delete queue
reason-floor = too young to go for size or space
reason-wrong-date = its date cannot be right
reason-no-events = it has files, but no events
reason-not-copied = not copied yet
reason-without-copy = { $why }; a store had no copy
reason-deleted = deleted by hand
reason-emptied = emptied by another program
reason-in-place = { $why ->
    [nothing] removed at once on a full disk
   *[other] removed at once on a full disk: { $why }
  }
reason-put-back = put back after an interruption
reason-whole-archive = a rule of the whole archive
reason-withheld = for those who see all cameras
