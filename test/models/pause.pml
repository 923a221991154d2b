/* One instance is paused and resumed while it has work in flight. Several concurrent invocations.
 *   R: the reply to an open command;  E: an event;  K(d): the tick of a timer that is due at d (2 + d in the arrays).
 *   P: a pause;  U: a resume;  X: a cancel (-DCANCEL), each with an id of its own.
 * While `paused`, R and E are parked beside the instance, and K is a duplicate, because a pause drops `tickAt`. A resume moves the timer by
 *   the paused time, arms it afresh, and redrives what is parked. A cancel ends the pause in its own commit.
 * A parked copy has the instant at which it was parked (stamp): a worker marks only the copy that it has redriven.
 * -DTIMER: instead of E there is the timer. -DNP=2: two pauses, each with its resume.
 * -DRUN: the clock runs while paused (`clock: 'run'`), so the timer keeps its instant.
 * Faults, F in any mix: crash of an invocation at any step, duplicate delivery (also: visibility timeout of a living invocation),
 *   ambiguous commit. Without -D flags this is the recommended protocol; each flag plants one design error.               */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 1
#endif
#ifndef NP
#define NP 1
#endif
#ifdef TIMER
#define HAS_T 1
#else
#define HAS_T 0
#endif
#define R 0
#define E 1
#define K(d) (2+(d))   /* d: 1..3 */
#define P 6            /* P and P+1 */
#define U 8            /* U and U+1 */
#define X 10
#define NE 11
#define KR 1
#define KE 2
#define KT 4
#define RUNNING 0
#define CANCELLED 1
#define NOOP 0         /* verdicts */
#define APPLY 1
#define PARK 2
#define CLOSED 3

/* ---- durable head item ---- */
byte ver = 0;
bit hs = RUNNING, paused = 0, aR = 0, aE = HAS_T, aT = 1 - HAS_T;
byte pausedAt = 0, due = HAS_T, tick = HAS_T;      /* due, tick: instants; 0: none */
byte byK = 0, byU = 0;                     /* what caused KT; the resume that caused the tick in flight */
bit ring[NE];                              /* ids of operations that were applied */
/* ---- parked copies: at most one of an event, and its stamp ---- */
bit x[NE]; byte stamp[NE];
/* ---- inbox queue, fault budget, world ---- */
byte vis[NE];
byte faults_left = F, sent = (HAS_T -> KE : KT), clock = 0, np = 0, nu = 0;
bit ran = 0, ended[2] = 0;                 /* ghosts: time has passed while it ran; R or E was read as closed */

#define FAULT (faults_left > 0)
#define CRASH :: atomic { FAULT -> faults_left--; goto die }
inline sendmsg(e) { vis[e]++; assert(vis[e] < 8) }
inline classify(e) {
  snd = 0; v = NOOP; dr = 0;
  if
  :: e <= E ->
       if :: (e == R && aR) || (e == E && aE) -> snd = (e == R -> KR : KE)
          :: else -> if :: hs != RUNNING -> v = CLOSED
                        :: hs == RUNNING && paused ->
#ifdef PAUSED_ACKS
                             skip
#else
                             v = PARK
#endif
                        :: else -> v = APPLY fi
       fi
  :: e > E && e < P ->
       if :: aT && byK == e -> snd = KT
          :: else -> if :: hs == RUNNING && !aT && e == K(tick) && tick != 0 -> v = APPLY :: else -> skip fi
       fi
  :: e >= P && e < U -> if :: hs == RUNNING && !ring[e] && !paused -> v = APPLY :: else -> skip fi
  :: e >= U && e < X ->
       if
#ifndef RESUME_FORGOTTEN
          :: ring[e] -> snd = (byU == e && tick != 0 -> 8 : 0); dr = !paused
#endif
          :: else -> if :: hs == RUNNING && paused -> v = APPLY :: else -> dr = !paused fi
       fi
  :: e == X -> if :: hs == RUNNING -> v = APPLY :: else -> dr = 1 fi
  fi;
  l_ver = (v == APPLY -> ver : 0)
}
inline commit(e) {
  snd = 0;
  if
  :: e == R -> assert(!paused); aR = 1; snd = KR
  :: e == E -> assert(!paused); aE = 1; snd = KE
  :: e > E && e < P -> assert(!paused);
#ifndef RUN
       assert(ran);
#endif
       aT = 1; byK = e; tick = 0; due = 0; snd = KT
  :: e >= P && e < U -> ring[e] = 1; paused = 1; pausedAt = clock;
#ifndef TICK_STAYS
       tick = 0; byU = 0
#endif
  :: e >= U && e < X ->
#ifdef RESUME_FORGOTTEN
       assert(!ring[e]);
#endif
       ring[e] = 1; paused = 0; dr = 1;
#if !defined(RUN) && !defined(CLOCK_RUNS)
       if :: due != 0 -> due = due + clock - pausedAt :: else -> skip fi;
#endif
#ifndef UNPAUSED_NO_TICK
       if :: due != 0 && tick == 0 -> tick = due; byU = e; snd = 8 :: else -> skip fi;
#endif
       pausedAt = 0
  :: e == X -> ring[e] = 1; hs = CANCELLED; due = 0; tick = 0; byU = 0; dr = 1;
#ifndef CANCEL_STAYS_PAUSED
       paused = 0; pausedAt = 0
#endif
  fi;
  ver++; l_ver = 0
}
#ifdef DECIDES_PAUSED
#define UNCHANGED (l_ver == ver || paused)
#else
#define UNCHANGED (l_ver == ver)
#endif
inline mark(e) {
#ifdef MARK_BLIND
  if :: x[e] -> x[e] = 0 :: else -> skip fi
#else
  if :: x[e] && stamp[e] == s -> x[e] = 0 :: else -> skip fi
#endif
}
#define D(e) :: atomic { FAULT && vis[e] < 3 -> vis[e]++; faults_left-- }
active proctype env() {
  end: do
  D(R)
#ifndef TIMER
  D(E)
#endif
  :: atomic { FAULT && np > 0 -> sendmsg(P+np-1); faults_left-- }
  :: atomic { FAULT && nu > 0 -> sendmsg(U+nu-1); faults_left-- }
  :: atomic { FAULT -> faults_left-- }
  :: atomic { np < NP -> sendmsg(P+np); np++ }                                          /* also while it is paused */
  :: atomic { paused && nu < NP && (nu == 0 || ring[U+nu-1]) -> sendmsg(U+nu); nu++ }
#ifdef CANCEL
  :: atomic { vis[X] == 0 && !ring[X] -> vis[X] = 1; ring[X] = 0; goto asked }
#endif
  :: atomic { due != 0 && paused && clock == pausedAt && clock < 3 -> clock++ }        /* time passes */
  :: atomic { due != 0 && !paused && clock < due -> clock++; ran = 1 }
  od;
asked: do
  D(R)
#ifndef TIMER
  D(E)
#endif
  :: atomic { FAULT -> faults_left-- }
  :: atomic { FAULT -> sendmsg(X); faults_left-- }
  :: atomic { np < NP -> sendmsg(P+np); np++ }
  :: atomic { paused && nu < NP && (nu == 0 || ring[U+nu-1]) -> sendmsg(U+nu); nu++ }
  :: timeout -> break
  od
}
#define VISIBLE(e) (vis[e] > 0)
#define TAKE(e) :: VISIBLE(e) -> m = e
#define TAKETICK(d) :: VISIBLE(K(d)) && clock >= d -> m = K(d)
proctype handler() {
  byte m = NE, l_ver = 0, v = 0, snd = 0, s = 0;
  bit dr = 0;
end: do
  :: atomic { if TAKE(R) TAKE(E) TAKETICK(1) TAKETICK(2) TAKETICK(3) TAKE(P) TAKE(P+1) TAKE(U) TAKE(U+1) TAKE(X) fi;
       vis[m]--; classify(m) };
again:
     if
     :: v == NOOP || v == CLOSED ->
        if
        CRASH
        :: atomic { true -> if :: v == CLOSED -> ended[m] = 1 :: else -> skip fi }
        fi
     :: v == PARK ->
        if
        CRASH
        :: atomic { true -> x[m] = 1; stamp[m] = (stamp[m] + 1) % 4; s = stamp[m] }
        fi;
#ifndef PAUSED_NO_REREAD
        if                                             /* read the head again */
        CRASH
        :: atomic { paused -> skip }
        :: atomic { !paused -> sendmsg(m) };           /* redrive the copy, then mark it */
           if CRASH :: atomic { true -> mark(m) } fi
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
     do
     :: atomic { snd == 8 -> sendmsg(K(tick)); snd = 0 }
     :: atomic { snd != 0 && snd != 8 -> sent = sent | snd; snd = 0 }
     :: atomic { snd == 0 -> break }
     CRASH
     od;
     if
     :: dr ->                                          /* redrive what is parked */
        do
        :: atomic { x[R] -> s = stamp[R]; sendmsg(R) }; if CRASH :: atomic { true -> mark(R) } fi
        :: atomic { !x[R] && x[E] -> s = stamp[E]; sendmsg(E) }; if CRASH :: atomic { true -> mark(E) } fi
        :: atomic { !x[R] && !x[E] -> break }
        CRASH
        od
     :: !dr -> skip
     fi;
ack: atomic { goto next };
die: atomic { vis[m]++ };
next: atomic { m = NE; l_ver = 0; v = 0; snd = 0; s = 0; dr = 0 }
  od
}
init {
  byte i = 0;
  atomic {
    vis[R] = 1; vis[E] = 1 - HAS_T; vis[K(1)] = HAS_T;
    do :: i < NH -> run handler(); i++ :: else -> break od
  };
  timeout ->
  atomic {
    assert(!paused);
    if
    :: hs == RUNNING -> assert(aR && aE && aT); assert(sent == (KR|KE|KT))
    :: else -> assert((aR || ended[R]) && (aE || ended[E])); assert((!aR || sent & KR) && (!aE || sent & KE) && (!aT || sent & KT))
    fi
  }
}
