/* The limits of a command at its service: at most N runs at once, or with -DRATE one run in each PERIOD. Several commands, two workers, one item of
 *   the store that all workers read and write conditionally.
 * A worker reads the item, decides, and writes it if nobody has written since. With a place it runs the handler; without one it gives the message
 *   back. The handler ends, then the worker frees its place, by the token of its run.
 * A place has a lease: it lapses if its worker is dead, or, as a fault, while its worker lives on, which then has lost its run (the lease of the command
 *   lapses with it, so its handler is aborted and counts no more).
 * first: the waiting command that gets the next free place. Its command may be withdrawn while it waits, so the entry lapses as well.
 * -DRATE: a reservation is the next free time. The command keeps it and comes back for it; a worker that is late reserves again.
 * Faults, F in any mix: crash at any step, duplicate delivery, a lapse while the worker lives on, a conditional write whose answer is lost;
 *   with -DRATE, a message that comes late.
 * A worker runs what it may run at once: the time between its write and its handler is no time of this model.
 * Without mutant flags this is the recommended protocol; each further flag plants one design error.               */
#ifndef F
#define F 2
#endif
#ifndef N
#define N 1
#endif
#define NC 3           /* commands, the lower the older */
#define NONE 9
#define GONE 0         /* message */
#define VIS 1
#define INF 2
#define HID 3          /* given back: it comes when it may find a place, at its time, or with a fault too early */
byte msg[NC]; byte dup[NC];                   /* messages, and second copies that are visible */
byte ver = 0; byte place[2];                  /* the item: its version, tokens of the runs (0: free) */
bit lost[2];                                  /* by place: its worker has died */
byte first = NONE;                            /* the item: who gets the next free place */
bit done[NC]; byte owner[NC];                 /* command records: answered; the token of the run that has the lease */
byte rev[NC];                                 /* command records: counts writes */
byte running = 0;                             /* ghost: runs with a lease */
byte faults = F; bit withdrawn = 0;
#ifdef RATE
#define PERIOD 2
byte now = PERIOD, last = 0;                  /* last: the last time that is reserved */
byte slot[NC];                                /* command records: the reserved time, 0 if none */
byte ran = 0;                                 /* ghost: when the last run began */
byte urgent = 0;                              /* workers between their write and their handler */
#define LAST 7
#endif
#define TOKEN(c) (_pid * NC + c)              /* a run of a command by a worker */
#define FAULT faults > 0 -> faults--
#define TAKEN ((place[0] != 0) + (place[1] != 0))
#define MAYRUN(c) (N > TAKEN + (first != NONE && first != c && first < c))

inline end_lease(t) { d_step { k = 0; do :: k < NC -> if :: owner[k] == t -> owner[k] = 0; running-- :: else -> skip fi; k++ :: else -> break od } }
inline free(t) { d_step { if :: place[0] == t && !lost[0] -> place[0] = 0 :: else -> skip fi; if :: place[1] == t && !lost[1] -> place[1] = 0 :: else -> skip fi } }

active proctype env() { byte k = 0, t = 0;
end: do
  :: atomic { msg[0] == INF && FAULT; dup[0] = 1 }
  :: atomic { msg[1] == INF && FAULT; dup[1] = 1 }
  :: atomic { !withdrawn && msg[0] == HID && owner[0] == 0 && FAULT; withdrawn = 1; msg[0] = GONE; done[0] = 1 }   /* the oldest is cancelled */
#ifdef RATE
  :: atomic { now < LAST && urgent == 0 -> now++ }                      /* also while a message waits, which then is late */
  :: atomic { (msg[0] == HID && slot[0] <= now) -> msg[0] = VIS }
  :: atomic { (msg[1] == HID && slot[1] <= now) -> msg[1] = VIS }
  :: atomic { (msg[2] == HID && slot[2] <= now) -> msg[2] = VIS }
#else
  /* Polls that change nothing are left out: a message comes back when it may find a place. */
  :: atomic { (msg[0] == HID && MAYRUN(0)) -> msg[0] = VIS }
  :: atomic { (msg[1] == HID && MAYRUN(1)) -> msg[1] = VIS }
  :: atomic { (msg[2] == HID && MAYRUN(2)) -> msg[2] = VIS }
#ifndef FIRST_STAYS
  :: atomic { first != NONE && msg[first] == GONE && !dup[first] -> first = NONE; ver++ }   /* its command does not come any more */
#endif
  /* The place of a run whose worker has died lapses, and with a fault that of a living one. A write notices it. */
#ifndef NO_LAPSE
  :: atomic { place[0] != 0 && lost[0] -> end_lease(place[0]); place[0] = 0; lost[0] = 0; ver++ }
  :: atomic { place[1] != 0 && lost[1] -> end_lease(place[1]); place[1] = 0; lost[1] = 0; ver++ }
#endif
  :: atomic { place[0] != 0 && !lost[0] && FAULT; end_lease(place[0]); place[0] = 0; ver++ }
#endif
od }

active [2] proctype worker() { byte c = 0, v = 0, was = 0, k = 0, p = 0, r = 0; bit copy = 0, may = 0;
end: do
:: atomic {
   if :: msg[0] == VIS -> c = 0; msg[0] = INF :: msg[1] == VIS -> c = 1; msg[1] = INF :: msg[2] == VIS -> c = 2; msg[2] = INF
      :: dup[0] -> c = 0; dup[0] = 0; copy = 1 :: dup[1] -> c = 1; dup[1] = 0; copy = 1 fi;
   r = rev[c];
   if :: done[c] -> goto answer
      :: !done[c] && owner[c] != 0 -> goto back                         /* another worker runs it: a lease */
      :: else -> skip fi };
   /* Read the item. */
again: atomic { v = ver;
#ifdef RATE
   was = last;
   if
#ifdef LATE_SLOT
   :: slot[c] != 0 && slot[c] <= now -> may = 1; urgent++; goto granted
#else
   :: slot[c] != 0 && slot[c] == now -> may = 1; urgent++; goto granted
#endif
   :: slot[c] > now -> goto back                                         /* a copy, or too early */
   :: else -> skip
   fi
#else
   may = MAYRUN(c); p = (place[0] == 0 -> 0 : 1)
#endif
   };
   if :: atomic { FAULT; goto die } :: true -> skip fi;
   /* Write it, unless it has changed. */
   atomic {
#ifndef BLIND
   if :: ver != v -> goto again :: else -> skip fi;
#endif
   ver++;
#ifdef RATE
   if :: was + PERIOD <= now -> last = now; may = 1 :: else -> last = was + PERIOD; may = 0; slot[c] = last; rev[c] = (rev[c] + 1) % 8 fi;
#ifdef SLOT_NOT_KEPT
   if :: !may -> slot[c] = 0 :: else -> skip fi;
#endif
#else
   if :: may -> place[p] = TOKEN(c); if :: first == c -> first = NONE :: else -> skip fi
      :: else -> if :: first == NONE || c < first -> first = c :: else -> skip fi fi;
#endif
   if :: !may -> goto back :: else -> skip fi;
#ifdef RATE
   urgent++
#else
   skip
#endif
   };
granted:
   if :: atomic { FAULT;
#ifdef RATE
     urgent--;
#endif
     goto die } :: true -> skip fi;
   /* Claim the command, run its handler. */
   atomic {
#ifdef RATE
   urgent--;
#endif
#ifdef PLACE_OUTLIVES_RECORD
   if :: done[c] || owner[c] != 0 -> free(TOKEN(c)); ver++; goto back :: else -> skip fi;
#else
   if :: rev[c] != r -> free(TOKEN(c)); ver++; goto back :: else -> skip fi;   /* the claim is conditional */
#endif
   rev[c] = (rev[c] + 1) % 8;
#ifdef RATE
#ifndef SLOT_TWICE
   slot[c] = 0;                                                          /* a slot is for one run */
#endif
   assert(ran == 0 || now >= ran + PERIOD); ran = now;                    /* never more than the rate */
#else
   if :: (place[0] != TOKEN(c) || lost[0]) && (place[1] != TOKEN(c) || lost[1]) -> goto back :: else -> skip fi;   /* its place has lapsed */
   running++; assert(running <= N);                                      /* never more than N */
#endif
   owner[c] = TOKEN(c) };
   if
   :: atomic { FAULT; goto die }
#ifdef RATE
   :: atomic { owner[c] == TOKEN(c) && FAULT; owner[c] = 0; rev[c] = (rev[c] + 1) % 8; goto back }                           /* the handler throws: it runs again */
#endif
   :: true -> skip
   fi;
   atomic { if :: owner[c] == TOKEN(c) -> owner[c] = 0; done[c] = 1; rev[c] = (rev[c] + 1) % 8;
#ifndef RATE
     running--
#endif
     :: else -> goto back fi };
   if :: atomic { FAULT; goto die } :: true -> skip fi;
   atomic {
#ifdef FREE_ANY
   place[0] = 0; lost[0] = 0;                                            /* a lapsed run frees the place of the next one */
#else
   free(TOKEN(c));
#endif
   ver++ };
answer: atomic { if :: !copy -> msg[c] = GONE :: else -> skip fi; goto next };
back: atomic { if :: !copy && msg[c] == INF -> msg[c] = HID :: else -> skip fi; goto next };
die: atomic {
   if :: place[0] == TOKEN(c) -> lost[0] = 1 :: else -> skip fi; if :: place[1] == TOKEN(c) -> lost[1] = 1 :: else -> skip fi;
#ifdef RATE
   if :: owner[c] == TOKEN(c) -> owner[c] = 0 :: else -> skip fi;
#endif
   if :: !copy && msg[c] == INF -> msg[c] = HID :: else -> skip fi };
next: atomic { r = 0; c = 0; v = 0; was = 0; k = 0; p = 0; copy = 0; may = 0 }
od }

init { atomic { msg[0] = VIS; msg[1] = VIS; msg[2] = VIS };
  timeout -> atomic {
#ifdef RATE
  assert(now >= LAST || (done[0] && done[1] && done[2]));
#else
  assert(done[0] && done[1] && done[2]);                                 /* nothing is lost, no place is held by the dead */
#endif
} }
