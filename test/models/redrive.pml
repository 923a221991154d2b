/* Parked events and their redrive: one event E of one instance, a `resume` or a `terminate` of that instance, and operations `redrive` that name
 * parked events, for every status of the instance. Only the workers of the inbox write parked events.
 * The head:  RUNNING, STUCK at most once (by another event), CLOSED by another event or by the terminate.
 *   E applies to a running instance. Beside a stuck one it is parked under the id of its message, and the head is read again. After the end it
 *   is parked under an id of its own, X(L): once, however often it is delivered.
 *   resume, terminate: commit, then redrive and mark the events that are parked beside the instance, except X(L); then acknowledge.
 *   redrive: an operator names the events that are parked at that time; each is sent to the inbox, then marked; then the operation is acknowledged.
 *   A parked event has the time at which it was parked (`gen`): a worker marks only the event that it has read, and no later one.
 *   -DRESTART: a closed instance begins once more, so that a late event applies after all.
 * Faults, F in any mix: crash of an invocation at any step, visibility timeout while it lives on (zombie), duplicate delivery under a new message id.
 * Without further -D flags this is the recommended protocol; each flag plants one design error.               */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 1
#endif
#ifndef NR
#define NR 2               /* operations `redrive` */
#endif
#define KC 7               /* messages of E that are alive or parked at a time: more is an error */
#define L KC               /* the parked event that has an id of its own */
#define ACT KC             /* the message of the resume or terminate */
#define R0 (KC+1)          /* the messages of the redrives */
#define NS (KC+1+NR)
#define RUNNING 0
#define STUCK 1
#define CLOSED 2
#define FREE 0
#define VIS 1
#define INF 2
#define GONE 3
#define NOBODY 99

byte hs = RUNNING; bit applied = 0, acted = 0, was_stuck = 0, was_closed = 0;
bit terminates = 0;
byte x[KC+1];              /* 0 none, 1 parked, 2 redriven */
byte gen = 0;              /* of X(L) */
byte st[NS];
byte names[NR]; byte nr = 0;
byte holds[NH] = NOBODY;
byte faults_left = F;
#define FAULT (faults_left > 0)
#define HELD(i) (holds[0] == i || holds[NH-1] == i)
#define PARKED(i) (x[i] == 1)
#define NAMED ((PARKED(0)->1:0) | (PARKED(1)->2:0) | (PARKED(2)->4:0) | (PARKED(3)->8:0) | (PARKED(4)->16:0) | (PARKED(5)->32:0) | (PARKED(6)->64:0))
#define ALLNAMED (NAMED | (PARKED(L)->128:0))
inline newmsg() {
  k = 0;
  do :: k < KC && (st[k] != FREE || HELD(k) || x[k] == 1) -> k++ :: else -> break od;
  assert(k < KC);                    /* the number of messages in flight is bounded */
  st[k] = VIS; x[k] = 0; k = 0
}
inline forget(i) { if :: st[i] == INF && i < KC -> st[i] = FREE :: st[i] == INF && i >= KC -> st[i] = GONE :: else -> skip fi }
inline reveal(i) { if :: st[i] == INF -> st[i] = VIS :: else -> skip fi }

#define CRASH :: atomic { FAULT -> faults_left--; goto die }
#define ANY(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) ANY9(X)
#if NR > 1
#define ANY9(X) X(9)
#else
#define ANY9(X)
#endif
#define V(i) || st[i] == VIS
#define G(i) :: st[i] == VIS -> m = i
#define Z(i) :: atomic { FAULT && st[i] == INF -> st[i] = VIS; faults_left-- }
proctype env() {
  byte k = 0;
  end: do
  ANY(Z)
  :: atomic { FAULT -> newmsg(); faults_left-- }
  :: atomic { FAULT && acted && st[ACT] == GONE -> st[ACT] = VIS; faults_left-- }
  :: atomic { FAULT -> faults_left-- }                    /* a fault that hits nothing: F covers every smaller budget */
  :: atomic { hs == RUNNING && !was_stuck -> hs = STUCK; was_stuck = 1 }
  :: atomic { hs == RUNNING && !was_closed -> hs = CLOSED; was_closed = 1 }
#ifdef RESTART
  :: atomic { hs == CLOSED -> hs = RUNNING }
#endif
  :: atomic { hs == STUCK && st[ACT] == FREE -> st[ACT] = VIS; if :: true :: true -> terminates = 1 fi }
  :: atomic { nr < NR && ALLNAMED > 0 -> names[nr] = ALLNAMED; st[R0+nr] = VIS; nr++ }
  od
}
inline mark(i, g) {
#ifdef MARKS_WHAT_IS_THERE
  if :: x[i] == 1 -> x[i] = 2 :: else -> skip fi
#else
  if :: x[i] == 1 && (i != L || gen == g) -> x[i] = 2 :: else -> skip fi
#endif
}
proctype handler(byte me) {
  byte m = 0, j = 0, k = 0, l_gen = 0, todo = 0;
end: do
  :: atomic { (false ANY(V)) -> if ANY(G) fi; st[m] = INF; holds[me] = m };
again:
     if
     :: m < KC ->                                          /* E */
        if
        CRASH
        :: atomic { applied -> goto ack }                          /* a duplicate, at every status */
        :: atomic { !applied && hs == RUNNING -> applied = 1; goto ack }
        :: atomic { !applied && hs == CLOSED -> x[L] = 1; gen++; goto ack }
        :: atomic { !applied && hs == STUCK -> x[m] = 1 }
        fi;
        if
        CRASH
        :: atomic { hs == STUCK -> goto ack }
        :: atomic { hs != STUCK && x[m] != 1 -> goto ack }
        :: atomic { hs != STUCK && x[m] == 1 -> todo = 1; j = m; k = 0; do :: k < j -> todo = todo << 1; k++ :: else -> k = 0; j = 0; break od }
        fi
     :: m == ACT ->
        if
        CRASH
        :: atomic { true -> if :: !acted && hs == STUCK -> hs = (terminates -> CLOSED : RUNNING); acted = 1 :: else -> skip fi;
             todo = (hs == STUCK -> 0 : NAMED); l_gen = gen }
        fi
     :: m >= R0 ->
        if
        CRASH
        :: atomic { true -> todo = names[m-R0] & ALLNAMED; l_gen = gen }
        fi
     fi;
     do                                                   /* each is sent to the inbox, and only then marked */
     :: atomic { todo == 0 -> break }
     CRASH
     :: atomic { todo > 0 -> j = 0; do :: ((todo >> j) & 1) == 0 -> j++ :: else -> break od;
#ifdef ACT_MARKS_FIRST
          mark(j, l_gen)
#else
          newmsg()
#endif
        };
        if
        CRASH
        :: atomic { true ->
#ifdef ACT_MARKS_FIRST
             newmsg();
#else
             mark(j, l_gen);
#endif
             todo = todo & (255 - (1 << j)); j = 0 }
        fi
     od;
ack: atomic { forget(m); goto next };
die: atomic { reveal(m) };
next: atomic { holds[me] = NOBODY; m = 0; j = 0; k = 0; todo = 0; l_gen = 0 }
  od
}
init {
  byte i;
  atomic { st[0] = VIS; run env(); i = 0; do :: i < NH -> run handler(i); i++ :: else -> i = 0; break od };
  timeout ->
  atomic {
    /* applied, or parked so that an operator finds it: beside a stuck instance, after the end, or after the last redrive */
    assert(applied || ALLNAMED > 0);
    assert(hs != RUNNING || applied || x[L] == 1);         /* beside a running instance, only an event that came after an end waits for a redrive */
    do :: i < NS -> assert(st[i] == FREE || st[i] == GONE); i++ :: else -> break od
  }
}
