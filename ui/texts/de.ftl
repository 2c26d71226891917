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
## Pictures without an event
## Calendar
chips-cameras = Kameras
chips-all = Alle Kameras
calendar-loading = Lädt …
calendar-empty = Es wurde noch nichts aufgenommen.
calendar-failed = Tage sind gerade nicht zu laden: { $why }
calendar-retry = Noch einmal
calendar-fewer = weniger
calendar-more = mehr Ereignisse
calendar-unreviewed = nicht alle angesehen
calendar-saved = gemerkt
calendar-next = geht mit dem nächsten Durchgang
calendar-soon = geht binnen einer Woche
calendar-events = { $count ->
    [0] keine Ereignisse
    [one] 1 Ereignis
   *[other] { $count } Ereignisse
  }
calendar-count-unreviewed = { $count } nicht angesehen
calendar-count-saved = { $count } gemerkt
calendar-count-loose = { $count ->
    [one] 1 andere Datei
   *[other] { $count } andere Dateien
  }
calendar-goes-next = { $camera }: geht mit dem nächsten Durchgang, { $why }
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
held-title = Den aufgehaltenen Durchgang ausführen?
held-asks = { $count ->
    [one] 1 Ereignis ({ $size }) wird gelöscht.
   *[other] { $count } Ereignisse ({ $size }) von { $days ->
        [one] einem Tag
       *[other] { $days } Tagen
      } werden gelöscht.
  }
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
section-plan = Nächster Durchgang
section-queue = Gelöscht, noch da
section-stores = Kopien
section-cache = Zwischenspeicher
section-audit = Protokoll
storage-show-more = Mehr zeigen ({ $count })
storage-all = Alle
storage-day = Tag
storage-camera = Kamera
storage-events = Ereignisse
storage-saved = Gemerkt
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
keeps-keep-days = { $days } Tage bleiben, etwa { $size }
keeps-max-size = Höchstens { $size } bleiben, etwa { $days } Tage
keeps-min-free = Der Datenträger fasst { $size } neben dem, was frei bleibt, etwa { $days } Tage
rule-keep-days = Tage werden gelöscht, wenn sie mehr als { $days } Tage zurückliegen.
rule-keep-days-camera = { $camera }: Tage werden gelöscht, wenn sie mehr als { $days } Tage zurückliegen.
rule-forever = Ihr Alter löscht nichts.
rule-forever-camera = { $camera }: Keine Regel löscht etwas.
rule-max-size = Die Aufnahmen belegen höchstens { $size }; die ältesten Tage gehen zuerst.
rule-max-size-camera = { $camera }: Die Aufnahmen belegen höchstens { $size }; die ältesten Tage gehen zuerst.
rule-min-free = { $size } des Datenträgers bleiben frei; die ältesten Tage gehen zuerst.
rule-floor = { $days ->
    [one] Wegen Größe oder Platz wird nichts gelöscht, was jünger als ein Tag ist.
   *[other] Wegen Größe oder Platz wird nichts gelöscht, was jünger als { $days } Tage ist.
  }
rule-share = Ein Durchgang, der mehr als { $percent } der Aufnahmen löschen würde, wartet auf eine Bestätigung.
rule-none = Es gibt keine Regel: Nichts wird von selbst gelöscht.
storage-next-pass = Nächster Durchgang: { $when }
storage-guard = Eine Sicherung hält an ({ $name }): { $message }
storage-run = Jetzt durchgehen
storage-run-title = Jetzt durchgehen?
held-pass = Ein Durchgang wartet auf eine Bestätigung
held-what = { $count ->
    [one] 1 Ereignis ({ $size })
   *[other] { $count } Ereignisse ({ $size })
  } von { $days ->
    [one] einem Tag
   *[other] { $days } Tagen
  }
held-caption = Was der aufgehaltene Durchgang nimmt, und warum
storage-no-plan = Was der nächste Durchgang nimmt, ist nicht bekannt.
plan-empty = Zurzeit ist nichts zu löschen.
plan-takes = Er nimmt { $count ->
    [one] 1 Ereignis ({ $size })
   *[other] { $count } Ereignisse ({ $size })
  } von { $days ->
    [one] einem Tag
   *[other] { $days } Tagen
  }, nach dem jetzigen Stand
plan-keeps = Er lässt { $count ->
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
storage-no-store = Es ist kein Speicher für Kopien eingerichtet: Anderswo gibt es keine.
store-trouble = Seit { $when } kann nichts kopiert werden: { $why }
store-lost = Seit { $when } ist er nicht erreichbar.
store-rule = Kopiert
store-copy-complete = jedes Ereignis, sobald es vollständig ist
store-copy-saved = gemerkte Ereignisse
store-copy-expire = Ereignisse, bevor sie gelöscht werden
store-copy-off = nichts von selbst
store-inactive = nichts: Er ist nicht aktiv
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
audit-pass = Durchgang
audit-item = von einem Durchgang gelöscht
audit-left = liegen gelassen
audit-refused = abgelehnt
audit-restored = wiederhergestellt
audit-deleted = gelöscht
audit-saved = gemerkt
audit-unsaved = nicht mehr gemerkt
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
reason-saved = gemerkt
reason-open = wird noch aufgenommen
reason-restored = wiederhergestellt
reason-floor = zu jung, um für Größe oder Platz zu gehen
reason-wrong-date = das Datum kann nicht stimmen
reason-no-events = Dateien, aber keine Ereignisse
reason-not-copied = noch nicht kopiert
reason-without-copy = { $why }; ein Speicher hatte keine Kopie
reason-deleted = von Hand gelöscht
reason-emptied = von einem anderen Programm geleert
reason-in-place = { $why ->
    [nothing] auf vollem Datenträger sofort entfernt
   *[other] auf vollem Datenträger sofort entfernt: { $why }
  }
reason-put-back = nach einer Unterbrechung zurückgelegt
reason-whole-archive = eine Regel für alle Kameras
reason-withheld = für alle, die alle Kameras sehen
