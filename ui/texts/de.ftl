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
list = Ereignisse
list-new = { $count } neu
list-away = Die Ereignisse können nicht geladen werden
list-refused = Diese Ereignisse können nicht gezeigt werden
list-retries = Die Seite versucht es von selbst wieder.
list-reading = Das Archiv wird noch gelesen. Ereignisse erscheinen, sobald sie gefunden sind.
list-nothing = Nichts passt
list-nothing-why = Kein Ereignis entspricht den Filtern, die oben gewählt sind.
list-no-events = Noch keine Ereignisse
list-no-events-why = Es gibt Kameras, aber Motion hat in diesem Archiv noch nichts aufgezeichnet. Das erste Ereignis erscheint hier von selbst.
list-no-cameras = Noch keine Kameras
list-no-cameras-why = Geben Sie Motion dieses Archiv als target_dir, mit Dateinamen wie in der README. Das erste Ereignis erscheint hier von selbst.
day-events = { $count ->
    [one] 1 Ereignis
   *[other] { $count } Ereignisse
  }
day-unreviewed = { $count } ungesehen
day-loose = { $count ->
    [one] 1 Datei ohne Ereignis
   *[other] { $count } Dateien ohne Ereignis
  }
day-mark = Tag als gesehen markieren
day-unmark = Tag als ungesehen markieren
card-open = wird aufgezeichnet
card-interrupted = abgebrochen
card-in-store = in { $store }
card-saved = gesichert
card-unreviewed = ungesehen
card-strength = Stärke { $strength }
card-star = Ereignis von { $event } sichern
card-select = Ereignis von { $event } auswählen
selection = Ausgewählte Ereignisse
selection-count = { $count } ausgewählt
selection-save = Sichern
selection-unsave = Nicht sichern
selection-reviewed = Als gesehen markieren
selection-unreviewed = Als ungesehen markieren
selection-delete = Löschen
selection-zip = Zip
selection-zip-range = Zip dieses Zeitraums
selection-mp4 = Ein MP4
selection-range = Alle Ereignisse von { $from } bis { $to } der Kameras der ausgewählten
selection-clear = Auswahl aufheben

## Filters
filters = Filter
filters-remove = Filter entfernen
filter-day = Zum Tag
filter-cameras = Kameras
filter-all-cameras = Alle Kameras
filter-saved = Gesichert
filter-unreviewed = Ungesehen
filter-min = Jede Länge
filter-strength = Jede Stärke
filter-at-least = ≥ { $what }
filter-hours = Tageszeit
filter-hours-all = Ganzer Tag
filter-hours-22-06 = Nacht, 22–06
filter-hours-06-22 = Tag, 06–22
filter-hours-custom = Andere Stunden
filter-hours-from = Von
filter-hours-to = Bis
filter-region = Bereich
region-title = Bewegung in einem Teil des Bildes
region-how = Ziehen Sie ein Rechteck auf. Die Liste zeigt dann die Ereignisse, in denen sich dort etwas bewegt hat.
region-keys = Rechteck: Pfeiltasten verschieben es, mit Umschalttaste ändern sie die Größe
region-camera = Bild von
region-left = Links
region-top = Oben
region-right = Rechts
region-bottom = Unten
region-apply = Diese Ereignisse zeigen
region-remove = Ganzes Bild
region-cancel = Abbrechen

## Timeline
## Player
## Pictures without an event
## Calendar
## Live
## Storage
