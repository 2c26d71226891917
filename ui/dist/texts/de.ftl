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
minutes = { $s ->
    [0] { $m } min
   *[other] { $m } min { $s } s
  }
hours = { $m ->
    [0] { $h } h
   *[other] { $h } h { $m } min
  }
not-measured = noch nicht gemessen
not-loaded = Ein Teil der Seite kann nicht geladen werden: { $why }
away = Der Dienst ist nicht erreichbar. Die Seite macht weiter, sobald er es ist.
away-why = Der Dienst ist nicht erreichbar ({ $why }). Die Seite macht weiter, sobald er es ist.
away-silent = Der Dienst antwortet nicht. Die Seite macht weiter, sobald er es tut.
no-connection = Der Dienst ist nicht erreichbar.
no-response = Der Dienst antwortet nicht.
refused = Der Dienst lehnt das ab: { $why }
waits-preload = Das Archiv wird noch gelesen.
waits-catalog = Die Liste der Ereignisse kann gerade nicht geschrieben werden.
waits-watch = Neue Aufnahmen werden gerade nicht bemerkt.
waits-space = Der freie Platz des Datenträgers ist nicht bekannt.
waits-disk = Ein Datenträger antwortet nicht.
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
undo-gone = Das Gelöschte kann nicht mehr zurückgeholt werden: Es wurde inzwischen zurückgeholt oder entfernt.
left-saved = { $count ->
    [one] 1 Ereignis ist gesichert und wurde nicht gelöscht.
   *[other] { $count } Ereignisse sind gesichert und wurden nicht gelöscht.
  }
left-open = { $count ->
    [one] 1 Ereignis wird noch aufgenommen und wurde nicht gelöscht.
   *[other] { $count } Ereignisse werden noch aufgenommen und wurden nicht gelöscht.
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
list-no-events-why = Es gibt Kameras, aber Motion hat in diesem Archiv noch nichts aufgenommen. Das erste Ereignis erscheint hier von selbst.
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
card-open = wird aufgenommen
card-interrupted = unterbrochen
card-in-store = in { $store }
card-saved = gesichert
card-unreviewed = ungesehen
card-strength = Stärke { $strength }
card-star = Ereignis von { $event } sichern
card-select = Ereignis von { $event } auswählen
selection = Ausgewählte Ereignisse
selection-count = { $count } ausgewählt
selection-save = Sichern
selection-unsave = Nicht mehr sichern
selection-reviewed = Als gesehen markieren
selection-unreviewed = Als ungesehen markieren
selection-delete = Löschen
selection-zip = Zip
selection-zip-range = Zip dieses Zeitraums
selection-mp4 = Ein MP4
selection-range = Alle Ereignisse von { $from } bis { $to } der Kameras der ausgewählten
export-making = Der Film wird gemacht: { $percent } %
export-cancel = MP4 abbrechen
export-failed = Der Film kann nicht gemacht werden: { $why }
export-left-out = { $count ->
    [one] Im Film fehlt 1 Ereignis ganz oder teilweise: Nichts davon ist brauchbar, oder es wird noch aufgenommen.
   *[other] Im Film fehlen { $count } Ereignisse ganz oder teilweise: Nichts davon ist brauchbar, oder sie werden noch aufgenommen.
  }
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
timeline-unreviewed = ungesehen
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
recording = wird aufgenommen
state-complete = vollständig
state-interrupted = unterbrochen
saved = gesichert
reviewed = gesehen
camera = Kamera
start = Beginn
length = Länge
frames = Bilder
size = Größe
strength = Stärke
state = Zustand
place = Wo es liegt
place-local = auf diesem Rechner
place-store = nur als Kopie in { $store }
expires = Läuft ab
expires-at = { $day }: { $why }
expires-saved = nie, es ist gesichert
expires-estimate = etwa { $day }, wenn es so weitergeht: { $why }
expires-no-rule = nie, keine Regel löscht es
expires-camera-over = die ältesten Tage gehen, wenn die Kamera mehr als { $limit } belegt
expires-archive-over = die ältesten Tage gehen, wenn die Aufnahmen mehr als { $limit } belegen
expires-free-space-under = die ältesten Tage gehen, wenn { $isKnown ->
    [yes] weniger als { $wanted } des Datenträgers frei sind
   *[no] zu wenig vom Datenträger frei ist
  }
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
store-away = Die Datei gibt es nur als Kopie in { $store }, was jetzt nicht benutzt werden kann ({ $status }).
frames-none = Die Bilder können nicht geladen oder gezeigt werden.
event-gone = Das Ereignis ist nicht mehr da.
event-none = Dieses Ereignis gibt es nicht, oder Sie dürfen es nicht sehen.
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
key-review = Gesehen
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
chips-cameras = Kameras
chips-all = Alle Kameras
calendar-loading = Lädt …
calendar-empty = Es wurde noch nichts aufgenommen.
calendar-failed = Tage sind gerade nicht zu laden: { $why }
calendar-retry = Noch einmal
calendar-fewer = weniger
calendar-more = mehr Ereignisse
calendar-unreviewed = nicht alle gesehen
calendar-saved = gesichert
calendar-next = geht beim nächsten Aufräumen
calendar-soon = geht binnen einer Woche
calendar-events = { $count ->
    [0] keine Ereignisse
    [one] 1 Ereignis
   *[other] { $count } Ereignisse
  }
calendar-count-unreviewed = { $count } ungesehen
calendar-count-saved = { $count } gesichert
calendar-count-loose = { $count ->
    [one] 1 andere Datei
   *[other] { $count } andere Dateien
  }
calendar-goes-next = { $camera }: geht beim nächsten Aufräumen, { $why }
calendar-goes = { $camera }: geht { $days ->
    [one] morgen
   *[other] in { $days } Tagen
  }, { $why }

## Live
live-no-camera = Es gibt noch keine Kamera.
live-at-a-time = Kameras auf einmal
live-before = Kameras davor
live-after = Weitere Kameras
live-page = { $page } von { $pages }
live-full = Ganzer Bildschirm
live-alone = Nur diese Kamera
live-picture = { $camera }, live
live-records = nimmt auf
live-newest = neuestes: { $time }
live-day = sein Tag
live-since = Kein Bild seit { $time }
live-none-yet = Noch kein Bild
live-ended = der Strom ist zu Ende
live-silent = sie antwortet nicht
live-unknown = sie sendet etwas anderes als Bilder
live-configure = Wo die Live-Bilder dieser Kamera sind, ist nicht bekannt. Owlery braucht dafür --motion-conf oder --live KAMERA=URL.
live-not-configured = Von dieser Kamera gibt es keine Live-Bilder.
live-thumbnail = Das neueste Ereignis von { $camera }

## Storage
ask-cancel = Abbrechen
held-confirm = Bestätigen …
held-title = Dieses Aufräumen ausführen?
held-title-date = Tage mit falschem Datum löschen?
held-asks = { $count ->
    [one] 1 Ereignis ({ $size }) wird gelöscht.
   *[other] { $count } Ereignisse ({ $size }) von { $days ->
        [one] einem Tag
       *[other] { $days } Tagen
      } werden gelöscht.
  }
held-gone = Dieses Aufräumen wartet nicht mehr.
held-action = { $count ->
    [one] 1 Ereignis löschen
   *[other] { $count } Ereignisse löschen
  }
storage-at-least = mindestens { $size }
pass-made = { $count ->
    [one] 1 Ereignis gelöscht ({ $size })
   *[other] { $count } Ereignisse gelöscht ({ $size })
  }
pass-empty = Es war nichts zu löschen.
pass-failed = { $count ->
    [one] Etwas konnte nicht gelöscht werden: { $why }
   *[other] { $count } Dinge konnten nicht gelöscht werden: { $why }
  }
storage-restored = { $count ->
    [one] 1 Ereignis wiederhergestellt
   *[other] { $count } Ereignisse wiederhergestellt
  }
storage-restored-until = { $count ->
    [one] 1 Ereignis wiederhergestellt. Bis { $until } nimmt keine Regel seinen Tag.
   *[other] { $count } Ereignisse wiederhergestellt. Bis { $until } nimmt keine Regel ihre Tage.
  }
storage-retry = Noch einmal
storage-loading = Lädt …
section-failed = Das ist gerade nicht zu laden: { $why }
section-use = Belegung
section-rules = Regeln
section-plan = Nächstes Aufräumen
section-queue = Gelöscht, noch da
section-stores = Kopien
section-cache = Zwischenspeicher
section-audit = Protokoll
storage-show-more = Mehr zeigen ({ $count })
storage-all = Alle
storage-day = Tag
storage-camera = Kamera
storage-events = Ereignisse
storage-saved = Gesichert
storage-size = Größe
storage-share = Anteil
storage-a-day = Am Tag
storage-will-keep = Nach ihren Regeln
storage-why = Warum
storage-deleted-at = Gelöscht
storage-by = Von
storage-by-rule = Regeln
storage-by-hand = von Hand
storage-until = Wiederherstellbar bis
storage-at = Wann
storage-what = Was
storage-which = Welche
storage-no-camera = Es gibt noch keine Kamera.
storage-use-caption = Was die Aufnahmen jeder Kamera belegen
storage-disk = { $free } von { $total } des Datenträgers sind frei ({ $percent })
storage-growth-month = { $size } am Tag in den letzten 30 Tagen
storage-full-in = { $days ->
    [0] Ohne zu löschen ist der Datenträger binnen eines Tages voll
    [one] Ohne zu löschen ist der Datenträger in einem Tag voll
   *[other] Ohne zu löschen ist der Datenträger in { $days } Tagen voll
  }
storage-full-never = Ohne zu löschen reicht der Datenträger mehr als zehn Jahre
keeps-keep-days = { $isKnown ->
    [yes] { $days ->
        [one] 1 Tag bleibt
       *[other] { $days } Tage bleiben
      }
   *[no] Von jeder Kamera bleiben die Tage ihrer eigenen Regel
  }{ $isSized ->
    [yes] , etwa { $size }
   *[no] {""}
  }
keeps-max-size = Höchstens { $size } bleiben{ $isKnown ->
    [yes] , etwa { $days } Tage
   *[no] {""}
  }
keeps-min-free = { $isSized ->
    [yes] Der Datenträger fasst { $size } neben dem, was frei bleibt
   *[no] Was der Datenträger neben dem fasst, was frei bleibt, ist nicht bekannt
  }{ $isKnown ->
    [yes] , etwa { $days } Tage
   *[no] {""}
  }
rule-keep-days = Tage werden gelöscht, wenn sie mehr als { $days } Tage zurückliegen.
rule-keep-days-camera = { $camera }: Tage werden gelöscht, wenn sie mehr als { $days } Tage zurückliegen.
rule-forever = Nichts wird wegen seines Alters gelöscht.
rule-forever-camera = { $camera }: Keine Regel löscht etwas.
rule-max-size = Die Aufnahmen belegen höchstens { $size }; die ältesten Tage gehen zuerst.
rule-max-size-camera = { $camera }: Die Aufnahmen belegen höchstens { $size }; die ältesten Tage gehen zuerst.
rule-min-free = { $size } des Datenträgers bleiben frei; die ältesten Tage gehen zuerst.
rule-floor = { $days ->
    [one] Wegen Größe oder Platz wird nichts gelöscht, was jünger als ein Tag ist.
   *[other] Wegen Größe oder Platz wird nichts gelöscht, was jünger als { $days } Tage ist.
  }
rule-share = Ein Aufräumen, das mehr als { $percent } der Aufnahmen löschen würde, wartet auf eine Bestätigung.
rule-none = Es gibt keine Regel: Nichts wird von selbst gelöscht.
storage-next-pass = Nächstes Aufräumen: { $when }
storage-guard = Eine Schutzregel hält es auf ({ $name }): { $message }
storage-run = Jetzt aufräumen
storage-run-title = Jetzt aufräumen?
held-pass = Ein Aufräumen wartet auf eine Bestätigung
held-what = { $count ->
    [one] 1 Ereignis ({ $size })
   *[other] { $count } Ereignisse ({ $size })
  } von { $days ->
    [one] einem Tag
   *[other] { $days } Tagen
  }
held-caption = Was dieses Aufräumen löscht, und warum
storage-no-plan = Was das nächste Aufräumen löscht, ist nicht bekannt.
plan-empty = Zurzeit ist nichts zu löschen.
plan-takes = Es löscht { $count ->
    [one] 1 Ereignis ({ $size })
   *[other] { $count } Ereignisse ({ $size })
  } von { $days ->
    [one] einem Tag
   *[other] { $days } Tagen
  }, nach dem jetzigen Stand
plan-keeps = Es lässt { $count ->
    [one] 1 Ereignis ({ $size })
   *[other] { $count } Ereignisse ({ $size })
  }, die eine Regel nähme
plan-kept = Was bleibt, und warum
queue-empty = Nichts kann wiederhergestellt werden.
queue-caption = Was gelöscht wurde und wiederhergestellt werden kann
queue-what = { $cameras }: { $days ->
    [one] 1 Tag
   *[other] { $days } Tage
  }
queue-items = Was gelöscht wurde, und warum
storage-reaping = wird entfernt
storage-restore = Wiederherstellen
storage-no-store = Es ist kein Ort für Kopien eingerichtet: Anderswo gibt es keine.
store-trouble = Seit { $when } kann nichts kopiert werden: { $why }
store-lost = Seit { $when } nicht erreichbar.
store-rule = Kopiert
store-copy-complete = jedes Ereignis, sobald es vollständig ist
store-copy-saved = gesicherte Ereignisse
store-copy-expire = Ereignisse, bevor sie gelöscht werden
store-copy-off = nichts von selbst
store-inactive = nichts: nicht aktiv
storage-encrypted = verschlüsselt
store-activity = Jetzt
store-idle = nichts zu kopieren
store-copying = kopiert
store-window = wartet auf seine Stunden
store-failing = versucht es wieder
store-waiting = Wartend
store-comparing = wird verglichen
store-events = { $count ->
    [0] kein Ereignis
    [one] 1 Ereignis ({ $size })
   *[other] { $count } Ereignisse ({ $size })
  }
store-oldest = Ältestes ohne Kopie
store-copied = Seit dem Start
store-failures = { $count ->
    [one] 1 Versuch schlug fehl
   *[other] { $count } Versuche schlugen fehl
  }
store-failed = Diese Ereignisse konnten nicht kopiert werden und werden wieder versucht:
cache-size = { $size } von { $most }
cache-entries = Einträge
cache-hits = Darin gefunden
cache-prune = Die seltener benutzte Hälfte entfernen
cache-clear = Zwischenspeicher leeren
cache-clear-what = Alles darin wird bei Bedarf neu gemacht oder geholt.
audit-empty = Es wurde nichts gelöscht, wiederhergestellt oder abgelehnt.
audit-caption = Was mit Aufnahmen geschah, das Neueste zuerst
audit-older = Ältere Einträge
audit-pass = Aufräumen
audit-item = beim Aufräumen gelöscht
audit-left = liegen gelassen
audit-refused = abgelehnt
audit-restored = wiederhergestellt
audit-deleted = gelöscht
audit-saved = gesichert
audit-unsaved = nicht mehr gesichert
audit-emptied = von einem anderen Programm geleert
audit-removed = sofort entfernt
audit-failed = fehlgeschlagen
audit-lost = Einträge verloren
audit-other = etwas Neues
storage-some-events = { $count } Ereignisse
reason-older-than = älter als { $days ->
    [one] ein Tag
   *[other] { $days } Tage
  }
reason-camera-over = die Kamera belegt { $excess } mehr als { $limit }
reason-archive-over = die Aufnahmen belegen { $excess } mehr als { $limit }
reason-free-space-under = { $free } des Datenträgers sind frei, weniger als { $wanted }
reason-saved = gesichert
reason-open = wird noch aufgenommen
reason-restored = wiederhergestellt
reason-floor = zu jung, um für Größe oder Platz zu gehen
reason-wrong-date = das Datum kann nicht stimmen
reason-no-events = Dateien, aber keine Ereignisse
reason-not-copied = noch nicht kopiert
reason-without-copy = { $why }; eine Kopie fehlte
reason-deleted = von Hand gelöscht
reason-emptied = von einem anderen Programm geleert
reason-in-place = { $why ->
    [nothing] auf vollem Datenträger sofort entfernt
   *[other] auf vollem Datenträger sofort entfernt: { $why }
  }
reason-put-back = nach einer Unterbrechung zurückgelegt
reason-whole-archive = eine Regel für alle Kameras
reason-withheld = für alle, die alle Kameras sehen
