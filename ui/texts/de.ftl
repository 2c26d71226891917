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
## Player
recording = nimmt auf
state-complete = vollständig
state-interrupted = unterbrochen
saved = gesichert
reviewed = gesichtet
camera = Kamera
start = Beginn
length = Länge
frames = Bilder
size = Größe
strength = Stärke
state = Zustand
place = Wo es liegt
place-local = auf diesem Rechner
place-store = nur im Speicher { $store }
expires = Läuft ab
expires-at = { $day }: { $why }
expires-age = es ist dann älter als { $days } Tage
expires-saved = nie, es ist gesichert
details = Einzelheiten
movies = Filme
debug-movie = Was Motion erkannt hat
download-movie = Film
download-zip = Alle Dateien (zip)
download-of = { $name } herunterladen
copy-link = Link zu diesem Moment kopieren
link = Link
copied = Der Link ist in der Zwischenablage.
others = Andere Kameras in diesem Moment
swap = Groß zeigen
play = Abspielen
pause = Anhalten
mute = Stumm schalten
unmute = Ton an
position = Stelle
speed = Geschwindigkeit
full-screen = Ganzer Bildschirm
keys = Tasten
loading = Wird geladen …
try-again = Noch einmal
movie-of = Aufnahme von { $camera }
movie-making = Ein Film, den Browser abspielen, wird gemacht.
movie-none = Von diesem Ereignis gibt es weder Film noch Bild.
movie-open = Die Aufnahme läuft noch. Der Film kann abgespielt werden, wenn sie vorbei ist.
movie-interrupted = Die Aufnahme wurde unterbrochen, ihr Film kann nicht abgespielt werden.
movie-unplayable = Dieser Browser kann den Film nicht abspielen.
movie-not-made = Ein Film, den Browser abspielen, kann nicht gemacht werden: { $why }
movie-unreachable = Der Dienst ist nicht erreichbar. Es geht weiter, sobald er es ist.
movie-refused = Der Dienst sendet die Datei nicht ({ $status }).
movie-gone = Der Film ist nicht mehr da.
store-away = Die Datei ist im Speicher { $store }, der jetzt nicht benutzt werden kann ({ $status }).
frames-none = Die Bilder können nicht geladen oder gezeigt werden.
event-gone = Das Ereignis ist nicht mehr da.
not-known = Das Ereignis kann nicht geladen werden: { $why }
no-next = Es gibt kein späteres Ereignis.
no-previous = Es gibt kein früheres Ereignis.
saved-stays = Das Ereignis ist gesichert und wird nicht gelöscht.
open-stays = Das Ereignis wird noch aufgenommen und nicht gelöscht.
skipped = { $count ->
    [one] 1 Ereignis, das nicht abgespielt werden kann, wurde übersprungen
   *[other] { $count } Ereignisse, die nicht abgespielt werden können, wurden übersprungen
  }
play-on = Durchspielen
play-on-title = Am Ende das nächste Ereignis abspielen
key-toggle = Abspielen oder anhalten
key-seek = 10 Sekunden zurück oder vor
key-frame = Ein Bild zurück oder vor
key-next = Nächstes Ereignis
key-previous = Voriges Ereignis
key-save = Vor dem Löschen sichern
key-review = Gesichtet
key-remove = Löschen
key-play-on = Durchspielen
key-full = Ganzer Bildschirm
key-mute = Ton an oder aus
key-zoom = Vergrößern, verkleinern, ganzes Bild
key-close = Vergrößerung oder ganzen Bildschirm verlassen, schließen

## Pictures without an event
pictures-title = Ohne Ereignis: { $day }
pictures-none = Jede Datei dieses Tages gehört zu einem Ereignis.
pictures-of = { $camera }: { $pictures ->
    [0] keine Bilder
    [one] 1 Bild
   *[other] { $pictures } Bilder
  }{ $others ->
    [0] { "" }
    [one] , 1 andere Datei
   *[other] , { $others } andere Dateien
  }
pictures-failed = Die Bilder können nicht geladen werden: { $why }
pictures-cameras = Kameras
pictures-pages = Seiten
pictures-from = ab { $name }
pictures-earlier = Früher
pictures-later = Später
picture-blank = Das kann nicht gezeigt werden.
picture-kind = Browser können Bilder dieser Art nicht zeigen.
picture-unreachable = Der Dienst ist nicht erreichbar. Das Bild wird geladen, sobald er es ist.
picture-gone = Das Bild ist nicht mehr da.
picture-refused = Der Dienst sendet das Bild nicht ({ $status }).
picture-unshowable = Dieser Browser kann das Bild nicht zeigen.
picture-number = { $at } von { $all }, { $size }
picture-previous = Voriges Bild
picture-next = Nächstes Bild
picture-file = Die Datei
## Calendar
## Live
## Storage
