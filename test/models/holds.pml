/* A hold: the pause of a process type. Several concurrent invocations, each with a copy of the holds that may be stale for any time.
 *   S: the start of an instance;  E: a later event of it;  P: the hold begins;  R: it ends;  Q: the release of the instance.
 *   O: an operator pauses the instance (-DOPERATOR);  U: an operator resumes it alone while it is held (-DCANARY).
 * A worker whose copy has the hold parks S without an instance, and pauses the instance in place of deciding on E, which it then parks beside
 *   it. Afterwards it reads the holds again: if the hold is over, it sends S back, or sends Q.
 * R ends the hold and then looks for what it holds, in an index that lags. It comes again until it has found nothing, after the lag.
 * C: an operator cancels the instance (-DCANCEL): E is then the reply to an undo, which is decided.
 * -DSTARTS: only the start, without a later event.  -DBEGUN: only the event, of an instance that has begun before.
 * -DREJECT: the hold refuses S. The worker reads the holds first, because a refusal is final; S2 is the redelivery of S, which looks for its
 *   refused copy.  -DLATE: S is sent after the end of the hold.
 * Faults, F in any mix: crash of an invocation at any step, duplicate delivery, ambiguous commit.
 *   Without -D flags this is the recommended protocol; each flag plants one design error.               */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 1
#endif
#define S 0
#define E 1
#define P 2
#define R 3
#define Q 4
#define O 5
#define U 6
#define C 7
#define S2 8
#define NE 9
#define NOOP 0         /* verdicts */
#define APPLY 1
#define HOLD 2
#define PAUSE 3
#define KEEP 4
#define LOOK 5
#define REFUSE 6
#define BY_HOLD 1
#define BY_OPERATOR 2
#define BEFORE 0       /* of the hold */
#define ACTIVE 1
#define OVER 2

/* ---- durable: the head of the holds, the head of the instance ---- */
byte hold = BEFORE, ver = 0, paused = 0;
#ifdef BEGUN
bit runs = 1;
#else
bit runs = 0;
#endif
bit aE = 0, held = 0, ringO = 0, ringU = 0;   /* held: the ring has the pause of this hold */
bit refused = 0, ringC = 0, knew = 0;         /* refused: S is parked for good. knew: the worker that has cancelled knew the hold */
/* ---- parked copies; the index of paused instances and of parked starts, which lags ---- */
bit x[2]; byte stamp[2]; bit iPaused = 0, iParked = 0, lagPaused = 0, lagParked = 0;
/* ---- inbox queue, fault budget, world ---- */
byte vis[NE];
byte faults_left = F;

#define FAULT (faults_left > 0)
#define CRASH :: atomic { FAULT -> faults_left--; goto die }
/* The head of the holds changes only when the hold begins and when it ends. */
#define VERSION(e) ((e == P || e == R) -> hold : ver)
/* R comes again and again: of many copies of one message two are enough. */
inline sendmsg(e) { if :: vis[e] < 2 -> vis[e]++ :: else -> skip fi }
inline classify(e) {
  v = NOOP; dr = 0;
  if
  :: e == S || e == S2 ->
       if :: runs -> skip
#ifdef REJECT
#ifndef REFUSED_FORGOTTEN
          :: !runs && e == S2 -> v = LOOK
          :: !runs && e == S && copy == ACTIVE -> v = REFUSE
#else
          :: !runs && copy == ACTIVE -> v = REFUSE
#endif
#else
          :: !runs && copy == ACTIVE -> v = HOLD
#endif
          :: else -> v = APPLY fi
  :: e == E -> if :: aE -> skip
                  :: !aE && paused != 0 -> v = KEEP
#ifdef PAUSES_AGAIN
                  :: !aE && paused == 0 && copy == ACTIVE -> v = PAUSE
#else
                  :: !aE && paused == 0 && copy == ACTIVE && !held -> v = PAUSE
#endif
                  :: else -> v = APPLY fi
  :: e == P -> if :: hold == BEFORE -> v = APPLY :: else -> skip fi
  :: e == R -> if :: hold == ACTIVE -> v = APPLY :: else -> skip fi
#ifdef RELEASES_ANY
  :: e == Q -> if :: paused != 0 -> v = APPLY :: else -> dr = 1 fi
#else
  :: e == Q -> if :: paused == BY_HOLD -> v = APPLY :: else -> dr = (paused == 0) fi
#endif
  :: e == O -> if :: runs && paused == 0 && !ringO -> v = APPLY :: else -> skip fi
  :: e == U -> if :: paused == BY_HOLD && !ringU -> v = APPLY :: else -> dr = (paused == 0) fi
  :: e == C -> if :: runs && !ringC -> v = APPLY :: else -> dr = (paused == 0) fi
  fi;
  l_ver = VERSION(e)
}
inline commit(e) {
  if
  :: e == S || e == S2 -> assert(!refused); runs = 1; ver++
  :: e == E -> assert(copy != ACTIVE || held); assert(paused == 0); aE = 1; ver++
  :: e == P -> hold = ACTIVE
  :: e == R -> hold = OVER; lagPaused = (iPaused != (paused == BY_HOLD)); lagParked = (iParked != x[S])
  :: e == Q -> paused = 0; dr = 1; ver++
  :: e == O -> paused = BY_OPERATOR; ringO = 1; ver++
  :: e == U -> paused = 0; ringU = 1; dr = 1; ver++
  :: e == C -> paused = 0; ringC = 1; dr = 1; ver++;
       if :: copy == ACTIVE -> knew = 1 :: else -> skip fi;
#ifndef CANCEL_FORGETS
       if :: copy == ACTIVE -> held = 1 :: else -> skip fi
#endif
  fi
}
/* A worker marks only the copy that it has sent back. */
inline park(e) { x[e] = 1; stamp[e] = (stamp[e] + 1) % 4 }
inline mark(e) { if :: x[e] && stamp[e] == s -> x[e] = 0 :: else -> skip fi }
#define UNCHANGED (l_ver == VERSION(m))
#define D(e) :: atomic { FAULT && vis[e] < 2 -> vis[e]++; faults_left-- }
active proctype env() {
  bit asked = 0, ended = 0, askedO = 0, askedU = 0, askedC = 0, sent = 0;
  end: do
#ifdef LATE
  :: atomic { hold == OVER && !sent -> sent = 1; sendmsg(S) }
#endif
#if !defined(BEGUN) && !defined(REJECT)   /* a second copy of a refused start may begin its run after the end of the hold */
  D(S)
#endif
#ifndef STARTS
  D(E)
#endif
  :: atomic { FAULT && asked -> sendmsg(P); faults_left-- }
  :: atomic { FAULT && ended -> sendmsg(R); faults_left-- }
  :: atomic { FAULT -> faults_left-- }
  :: atomic { !asked -> asked = 1; sendmsg(P) }
  :: atomic { hold == ACTIVE && !ended -> ended = 1; sendmsg(R) }
  :: atomic { iPaused != (paused == BY_HOLD) -> iPaused = (paused == BY_HOLD); lagPaused = 0 }
  :: atomic { iParked != x[S] -> iParked = x[S]; lagParked = 0 }
#ifdef OPERATOR
  :: atomic { runs && !askedO -> askedO = 1; sendmsg(O) }
#endif
#ifdef CANARY
  :: atomic { paused == BY_HOLD && !askedU -> askedU = 1; sendmsg(U) }
#endif
#ifdef CANCEL
  :: atomic { runs && !askedC -> askedC = 1; sendmsg(C) }
#endif
  od
}
#ifdef HELD_REREADS_COPY
#define IS_OVER (copy == OVER)
#else
#define IS_OVER (hold == OVER)
#endif
#define TAKE(e) :: vis[e] > 0 -> m = e
proctype handler() {
  byte m = NE, l_ver = 0, v = 0, s = 0, copy = BEFORE;
  bit dr = 0;
end: do
  :: atomic { if TAKE(S) :: vis[E] > 0 && runs -> m = E
                 TAKE(P) TAKE(R) TAKE(Q) TAKE(O) TAKE(U) TAKE(C) TAKE(S2) fi;
       vis[m]--;
       if :: copy = hold :: hold == OVER -> copy = ACTIVE :: true fi;       /* a copy of any age */
       classify(m) };
again:
     if
     :: v == NOOP -> if CRASH :: true fi
     :: v == LOOK ->                                     /* a redelivered start: has it been refused? */
        if
        CRASH
        :: atomic { refused -> goto ack }
        :: atomic { !refused && copy == ACTIVE -> v = REFUSE; goto again }
        :: atomic { !refused && copy != ACTIVE -> v = APPLY; goto again }
        fi
     :: v == REFUSE ->                                   /* read the holds, then park the start for good */
#ifndef REFUSED_ON_COPY
        if
        CRASH
        :: atomic { hold != ACTIVE -> copy = hold; v = APPLY; goto again }
        :: atomic { hold == ACTIVE -> skip }
        fi;
#endif
        if
        CRASH
        :: atomic { true -> refused = 1 }
        fi;
        if CRASH :: atomic { true -> goto ack } fi
     :: v == HOLD ->                                     /* park the start, then read the holds again */
        if
        CRASH
        :: atomic { true -> park(S); s = stamp[S] }
        fi;
#ifndef HELD_NO_REREAD
        if
        CRASH
        :: atomic { !IS_OVER -> skip }
        :: atomic { IS_OVER -> sendmsg(S) };
           if CRASH :: atomic { true -> mark(S) } fi
        fi;
#endif
        goto ack
     :: v == PAUSE ->
        if
        CRASH
        :: atomic { !UNCHANGED -> classify(m); goto again }
        :: atomic { UNCHANGED ->
#ifndef PAUSES_AGAIN
               assert(!held);
#endif
#ifdef CANARY
               assert(!ringU);
#endif
               assert(!knew);
               paused = BY_HOLD; held = 1; ver++;
               if :: FAULT -> faults_left--; classify(m); goto again :: true fi;
               v = KEEP; goto again }
        fi
     :: v == KEEP ->                                     /* park the event, then read the head again, then the holds */
        if
        CRASH
        :: atomic { true -> park(E); s = stamp[E] }
        fi;
        if
        CRASH
        :: atomic { paused == BY_OPERATOR -> goto ack }
        :: atomic { paused == 0 -> sendmsg(E) };
           if CRASH :: atomic { true -> mark(E); goto ack } fi
        :: atomic { paused == BY_HOLD -> skip }
        fi;
#ifndef HELD_PAUSED_NO_REREAD
        if
        CRASH
        :: atomic { !IS_OVER -> skip }
        :: atomic { IS_OVER -> sendmsg(Q) }
        fi;
#endif
        goto ack
     :: v == APPLY ->
        if
        CRASH
        :: atomic { !UNCHANGED -> classify(m); goto again }
        :: atomic { UNCHANGED -> commit(m);
               if :: FAULT -> faults_left--; classify(m); goto again :: true fi }
        fi
     fi;
     if
     :: dr ->                                            /* a resume sends back what is parked beside the instance */
        do
        :: atomic { x[E] -> s = stamp[E]; sendmsg(E) }; if CRASH :: atomic { true -> mark(E) } fi
        :: atomic { !x[E] -> break }
        CRASH
        od
     :: !dr -> skip
     fi;
     if
     :: m == R ->                                        /* look for what the hold has paused and parked */
        if
        CRASH
        :: atomic { iPaused -> sendmsg(Q) }
        :: atomic { !iPaused -> skip }
        fi;
        if
        CRASH
        :: atomic { iParked -> s = stamp[S]; if :: x[S] -> sendmsg(S) :: else -> skip fi };
           if CRASH :: atomic { true -> mark(S) } fi
        :: atomic { !iParked -> skip }
        fi;
#ifndef RELEASE_ONCE
        atomic { if :: lagPaused || lagParked || iPaused || iParked -> vis[R]++ :: else -> skip fi };
#endif
        goto ack
     :: m != R -> skip
     fi;
ack: atomic { goto next };
#ifdef REJECT
die: atomic { if :: m == S -> vis[S2]++ :: else -> vis[m]++ fi };
#else
die: atomic { vis[m]++ };
#endif
next: atomic { m = NE; l_ver = 0; v = 0; s = 0; copy = BEFORE; dr = 0 }
  od
}
init {
  byte i = 0;
  atomic {
#if !defined(BEGUN) && !defined(LATE)
    vis[S] = 1;
#endif
#ifndef STARTS
    vis[E] = 1;
#endif
    do :: i < NH -> run handler(); i++ :: else -> break od
  };
  timeout ->
  atomic {
    assert(hold != ACTIVE);
    assert(runs || refused);
#ifdef LATE
    assert(!refused);
#endif
#if F == 0
    assert(!x[S]);                      /* a worker that crashes after it has parked may leave a copy of what its redelivery applies */
#endif
#ifdef STARTS
    assert(paused == 0)
#else
    if
    :: ringO -> assert(paused == BY_OPERATOR); assert(aE || x[E])
    :: else -> assert(paused == 0); assert(aE);
#if F == 0
       assert(!x[E])
#endif
    fi
#endif
  }
}
