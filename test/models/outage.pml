/* One message of the inbox while a port is out of reach: released, dead letter, redriven by the drain, parked when it is a day old.
 * Time is a number of ticks. A tick passes when every visible message was received, and makes released and delayed messages visible: 900 s at most.
 * An outage lasts at most OUT ticks, a day has DAY; a message is a dead letter at its receive R+1, a suspect from its receive S+1 on, and is
 *   never run again after Q attempts under its mark that have not ended.
 *   While the store is out of reach each call of it fails or not (throttled); while the queues are, each send.
 * Without -DBROKEN and -DPOISON nothing is wrong with the message: it must be applied, and never parked.
 *   -DBROKEN: the store never applies it, as if its head cannot be read; it can be parked.    -DPOISON: it ends each worker that runs it.
 *   -DLOST_MARKS: a call of the store that fails in an outage may have been done: its answer is lost.
 *   -DUNTIL=n: the last tick.
 * Faults, F in any mix: crash of a worker or of the drain at any step, visibility timeout while it lives on (zombie), duplicate delivery under a
 *   new message id. A worker that ended has forgotten the health of its ports and the marks that it owes.
 * Without further -D flags this is the recommended protocol; each flag plants one design error.               */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 1
#endif
#ifndef DAY
#define DAY 4
#endif
#ifndef OUT
#define OUT 2
#endif
#ifndef UNTIL
#define UNTIL (2*R+2*DAY+OUT+2)
#endif
#ifndef R
#define R 4
#endif
#define S 1
#ifndef Q
#define Q 2
#endif
#define FAULTS_MIN 2       /* this number of faults in a row is an outage */
#define REMEMBERED 2       /* for this number of ticks */
#define NS (3+F)           /* copies of the message that are alive at a time: more is an error */
#define FREE 0
#define VIS 1
#define INF 2
#define WAIT 3             /* released or delayed: the next tick makes it visible */
#define NOBODY 99

byte clock = 0;
bit store_down = 0, queue_down = 0; byte store_since = 0, queue_since = 0; bit store_was = 0, queue_was = 0;
byte st[NS]; bit dead[NS];           /* dead: it is in the dead-letter queue */
byte received[NS];                   /* in its current queue */
byte since[NS];                      /* of its wrapper: 0, or the tick at which it became a dead letter, and 1 */
bit topark[NS];                      /* its wrapper asks for it to be parked */
byte mark[NS];                       /* attempts that were begun and have not ended */
byte holds[NH+1] = NOBODY;
byte owed[NH] = NOBODY;              /* the message whose mark a worker could not remove */
byte awake = 1;                      /* messages that are visible, and workers that hold one */
bit applied = 0, parked_old = 0, parked_poison = 0;
byte faults_left = F;
#define FAULT (faults_left > 0)

#define HELD(i) (holds[0] == i || holds[1] == i || holds[NH] == i)
#define SETTLED(w, i) if :: owed[w] == i -> owed[w] = NOBODY :: else -> skip fi
inline reveal(i) { st[i] = VIS; awake++ }
inline tidy(i) {                     /* nothing refers to this message any more */
  if :: st[i] == FREE && !HELD(i) -> dead[i] = 0; received[i] = 0; since[i] = 0; topark[i] = 0; mark[i] = 0; SETTLED(0, i); SETTLED(NH-1, i) :: else -> skip fi
}
inline slot() {
  k = 0;
  do :: k < NS && (st[k] != FREE || HELD(k)) -> k++ :: else -> break od;
  assert(k < NS)                     /* the number of messages in flight is bounded */
}
inline forget(i) {                   /* deleted, if its receipt is still valid */
  if :: st[i] == INF -> st[i] = FREE :: else -> skip fi
}
inline giveback(i) { if :: st[i] == INF -> st[i] = WAIT :: else -> skip fi }
inline letgo() { m = holds[me]; holds[me] = NOBODY; awake--; tidy(m); m = 0 }

#define EACH(X) X(0) X(1) X(2) EACH3(X) EACH4(X)
#if F > 0
#define EACH3(X) X(3)
#else
#define EACH3(X)
#endif
#if F > 1
#define EACH4(X) X(4)
#else
#define EACH4(X)
#endif
#define Z(i) :: atomic { FAULT && st[i] == INF -> reveal(i); faults_left-- }
proctype env() {
  byte k = 0;
  end: do
  EACH(Z)
  :: atomic { FAULT && clock < DAY -> slot(); reveal(k); k = 0; faults_left-- }      /* the bus delivers its event once more */
  :: atomic { FAULT -> faults_left-- }                    /* a fault that hits nothing: F covers every smaller budget */
  :: atomic { !store_was && clock <= 2*DAY -> store_was = 1; store_down = 1; store_since = clock }
  :: atomic { store_down -> store_down = 0; store_since = 0 }
  :: atomic { !queue_was && clock <= 2*DAY -> queue_was = 1; queue_down = 1; queue_since = clock }
  :: atomic { queue_down -> queue_down = 0; queue_since = 0 }
  :: atomic { awake == 0 && clock < UNTIL && !(store_down && clock == store_since + OUT) && !(queue_down && clock == queue_since + OUT) ->
       clock++;
       k = 0; do :: k < NS -> if :: st[k] == WAIT -> reveal(k) :: else -> skip fi; k++ :: else -> k = 0; break od }
  od
}

#define CRASH :: atomic { FAULT -> faults_left--; goto die }
/* A call of the store: ok says whether it answered. */
#ifdef LOST_MARKS
#define CALL(done) if :: true -> ok = 1; done :: store_down -> ok = 0 :: store_down -> ok = 0; done fi
#else
#define CALL(done) if :: true -> ok = 1; done :: store_down -> ok = 0 fi
#endif
inline fault() {                     /* a port has failed */
  if :: inarow < FAULTS_MIN -> inarow++ :: else -> skip fi;
  if :: inarow == FAULTS_MIN -> downuntil = clock + REMEMBERED :: else -> skip fi;
  met = 1
}
#define TAKEBACK(i) mark[i] = (mark[i] > 0 -> mark[i] - 1 : 0)
#define WASDOWN (clock < downuntil)
#define G(i) :: st[i] == VIS && !dead[i] -> m = i
#define ANYINBOX (I(0) || I(1) || I(2) ANY3 ANY4)
#define I(i) (st[i] == VIS && !dead[i])
#define DL(i) (st[i] == VIS && dead[i])
#define ANYDEAD (DL(0) || DL(1) || DL(2) ANYD3 ANYD4)
#if F > 0
#define ANY3 || I(3)
#define ANYD3 || DL(3)
#else
#define ANY3
#define ANYD3
#endif
#if F > 1
#define ANY4 || I(4)
#define ANYD4 || DL(4)
#else
#define ANY4
#define ANYD4
#endif
proctype worker(byte me) {
  byte m = 0, inarow = 0, downuntil = 0;
  bit ok = 0, met = 0, marked = 0;
end: do
  :: atomic { ANYINBOX ->
       if EACH(G) fi;
       if
       :: received[m] == R -> dead[m] = 1; received[m] = 0; m = 0      /* SQS moves it instead: it stays visible, elsewhere */
       :: else -> received[m]++; st[m] = INF; holds[me] = m; goto begin
       fi };
  goto next;
begin:
     met = 0;
     if
     :: topark[m] ->
        if
        CRASH
        :: atomic { true -> CALL(parked_old = 1);
             if :: ok -> skip
#ifdef PARK_FAULT_ACKED
                :: !ok -> skip
#else
                :: !ok -> fault(); goto back
#endif
             fi }
        fi;
        goto ack
#ifdef QUARANTINE_BY_RECEIVES
     :: !topark[m] && received[m] > S + Q ->
        if CRASH :: atomic { true -> CALL(parked_poison = 1); if :: ok -> skip :: !ok -> fault(); goto back fi } fi;
        goto ack
     :: atomic { !topark[m] && received[m] <= S + Q -> marked = 0 }
#else
     :: atomic { !topark[m] && received[m] <= S -> marked = 0 }
#endif
#ifndef QUARANTINE_BY_RECEIVES
     :: atomic { !topark[m] && received[m] > S && WASDOWN -> goto back }
     :: !topark[m] && received[m] > S && !WASDOWN ->
        if                                                /* owed marks are removed first */
        CRASH
        :: atomic { owed[me] != NOBODY -> CALL(TAKEBACK(owed[me])); if :: ok -> owed[me] = NOBODY :: !ok -> fault(); goto back fi }
        :: owed[me] == NOBODY
        fi;
        if
        CRASH
        :: atomic { true -> CALL(mark[m]++);
             if :: ok && mark[m] <= Q -> marked = 1
                :: ok && mark[m] > Q -> goto quarantine
                :: !ok -> fault(); goto back                /* nothing may begin */
             fi }
        fi
#endif
     fi;
     if
     CRASH
#ifdef POISON
     :: atomic { true -> goto die }
#elif defined(BROKEN)
     :: atomic { true -> fault() }
#else
     :: atomic { true -> CALL(applied = 1); if :: ok -> skip :: !ok -> fault() fi }
#endif
     fi;
     if
     :: !marked
     :: marked ->
        if
        CRASH
        :: atomic { true -> marked = 0; ok = 1; CALL(TAKEBACK(m));
             if :: ok -> skip
                :: !ok -> fault();
#ifndef MARKS_NOT_OWED
                     owed[me] = m
#endif
             fi }
        fi
     fi;
#ifdef FAULT_ACKED
     goto ack;
#else
     if :: met -> goto back :: !met -> goto ack fi;
#endif
quarantine:
     if
     CRASH
     :: atomic { true -> CALL(parked_poison = 1); if :: ok -> skip :: !ok -> fault(); goto back fi }
     fi;
ack: atomic {
       forget(m);
       if :: !met -> inarow = 0 :: else -> skip fi;
       letgo(); met = 0; goto next };
back: atomic { giveback(m); letgo(); met = 0; marked = 0; goto next };
die: atomic { giveback(m); letgo(); owed[me] = NOBODY; inarow = 0; downuntil = 0; met = 0; marked = 0 };
next: skip
  od
}
#define GD(i) :: DL(i) -> m = i
proctype drain(byte me) {
  byte m = 0, k = 0;
end: do
  :: atomic { ANYDEAD -> if EACH(GD) fi; st[m] = INF; holds[me] = m };
     if
     CRASH
#ifdef DRAIN_DELETES_FIRST
     :: atomic { true -> forget(m) };
        if CRASH :: atomic { true -> skip } fi;
#else
     :: atomic { true -> skip };
#endif
        if
        :: atomic { true -> slot();
             since[k] = (since[m] -> since[m] : clock + 1);
#ifdef DRAIN_PARKS_BY_COUNT
             topark[k] = since[m] > 0;
#else
             topark[k] = clock + 1 - since[k] >= DAY;
#endif
#ifdef DRAIN_FORGETS_SINCE
             since[k] = 0;
#endif
             st[k] = WAIT; k = 0 }
        :: atomic { queue_down ->                           /* refused: it comes again */
#ifdef DRAIN_ACKS_UNSENT
             forget(m);
#endif
             goto die }
        fi
     fi;
     if
     CRASH
     :: atomic { true -> forget(m); letgo(); goto next }
     fi;
die: atomic { giveback(m); letgo() };
next: skip
  od
}
init {
  byte i;
  atomic {
    st[0] = VIS; run env();
    i = 0; do :: i < NH -> run worker(i); i++ :: else -> break od;
    run drain(NH); i = 0
  };
  timeout ->   /* the last tick: no process can move */
  atomic {
    assert(clock == UNTIL);
#if defined(BROKEN) || defined(POISON)
    assert(parked_poison || parked_old);
#else
    assert(!(parked_old || parked_poison));
    assert(applied);
#endif
    do :: i < NS -> assert(st[i] == FREE); i++ :: else -> break od
  }
}
