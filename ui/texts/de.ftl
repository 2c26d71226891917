# Texte der Seite auf Deutsch. Jede Ansicht hat ihren Teil.

## Everywhere
views = Ansichten
view-day = Ereignisse
view-calendar = Kalender
view-live = Live
view-storage = Speicher
sign-out = Abmelden
zone = Die Zeitzone aller Zeiten auf dieser Seite
close = Schließen
undo = Rückgängig
seconds = { $s } s
minutes = { $m } min { $s } s
hours = { $h } h { $m } min
not-measured = noch nicht gemessen
not-loaded = Ein Teil der Seite kann nicht geladen werden: { $why }
away = Der Dienst ist nicht erreichbar. Die Seite macht weiter, sobald er es ist.
away-why = Der Dienst ist nicht erreichbar ({ $why }). Die Seite macht weiter, sobald er es ist.
refused = Der Dienst lehnt das ab: { $why }
progress = ({ $done } von { $days } Tagen, { $percent } %)
deleted = { $count ->
    [one] 1 Ereignis gelöscht
   *[other] { $count } Ereignisse gelöscht
  }
not-all-saved = { $count ->
    [one] 1 Ereignis wurde nicht geändert: { $why }
   *[other] { $count } Ereignisse wurden nicht geändert: { $why }
  }
not-all-deleted = { $count ->
    [one] 1 Ereignis wurde nicht gelöscht: { $why }
   *[other] { $count } Ereignisse wurden nicht gelöscht: { $why }
  }
not-all-restored = { $count ->
    [one] 1 Ereignis bleibt gelöscht: { $why }
   *[other] { $count } Ereignisse bleiben gelöscht: { $why }
  }

## Events of days: the list
## Filters
## Timeline
timeline = Zeitachse der Ereignisse
timeline-keys = Links und rechts gehen von Ereignis zu Ereignis, auf und ab zu einer anderen Kamera, Pos1 und Ende zum ersten und letzten im Blick. Plus und Minus zoomen, Bild auf und Bild ab zeigen einen anderen Tag. Enter öffnet das Ereignis, Escape verlässt die Zeitachse.
timeline-in = Vergrößern
timeline-out = Verkleinern
timeline-day = Tag
timeline-week = Woche
timeline-now = Jetzt
timeline-none = Kein Ereignis gewählt
timeline-open = wird aufgenommen
timeline-saved = gesichert
timeline-reviewed = gesehen
timeline-unreviewed = nicht gesehen
timeline-place = { $nth } von { $count }
timeline-before = davor: { $time }
timeline-span = { $span }: { $count ->
    [one] 1 Ereignis
   *[other] { $count } Ereignisse
  }
timeline-many = { $camera }: { $count ->
    [one] 1 Ereignis
   *[other] { $count } Ereignisse
  }
## Player
## Pictures without an event
## Calendar
## Live
## Storage
