/* The erasure of an instance that has ended (docs/protocol.md#erasure). Several concurrent invocations.
 *   M: the last event, whose commit ends the instance and issues a command;  X: the operation `erase`;  S: a start that may begin a new run.
 * A decision puts its values before its commit, on an image of any age: `val` is a value of the first run, `val2` one of the second run.
 * X sends what is in the outbox, empties the head in one commit, and then removes the values. A message that finds an erased head removes
 *   them again before its acknowledgement. X is not acknowledged while a worker goes on that took its message before the erasure.
 * Faults, F in any mix: crash of an invocation at any step, duplicate delivery.
 * Limit: a worker that takes a redelivered message after the erasure, decides on an older copy, and dies after another one has deleted the
 *   message leaves its values until the retention.
 *   So does X if it is delivered to two workers, one finds the instance open and deletes it, and the other one dies: the operator asks again.
 *   Without -D flags this is the recommended protocol; each flag plants one design error.               */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 2
#endif
#define M 0
#define X 1
#define S 2
#define NE 3
#define OPEN 0         /* the head */
#define ENDED 1
#define ERASED 2
#define AGAIN 3        /* a second run */

byte st = OPEN, vis[NE], old = 0, faults_left = F;
bit redelivered[NE];                /* a copy of a message that is in flight: whichever worker ends first deletes both */
bit outbox = 0, sent = 0, val = 0, val2 = 0, refused = 0;

#define FAULT (faults_left > 0)
#define CRASH :: atomic { FAULT -> faults_left--; goto die }
#define D(e) :: atomic { FAULT && vis[e] < 2 -> vis[e]++; redelivered[e] = 1; faults_left-- }
active proctype env() {
  bit askedX = 0, askedS = 0;
  end: do
  D(M) D(X) D(S)
  :: atomic { FAULT -> faults_left-- }
  :: atomic { !askedX -> askedX = 1; vis[X]++ }
  :: atomic { !askedS -> askedS = 1; vis[S]++ }
  od
}
#define TAKE(e) :: vis[e] > 0 -> m = e
proctype handler() {
  byte m = NE, l = OPEN;
  bit early = 0, again = 0;                               /* again: a worker goes on that began before the erasure */
end: do
  :: atomic { if TAKE(M) TAKE(X) TAKE(S) fi;
       vis[m]--; early = (st != ERASED); old = old + early;
       if :: l = st :: m == M -> l = OPEN fi }            /* a copy of any age leads to a decision, or is read again */
decide:
     atomic { again = (old > early) };
     if
     :: l == OPEN && m == M ->
        if CRASH :: atomic { true -> val = 1 } fi;
        if
        CRASH
        :: atomic { st != OPEN -> l = st; goto decide }
        :: atomic { st == OPEN -> st = ENDED; outbox = 1; l = ENDED; goto decide }
        fi
     :: l == OPEN && m == X -> if CRASH :: atomic { true -> refused = 1 } fi
     :: l == ENDED && m == M -> if CRASH :: atomic { true -> sent = 1 } fi
     :: l == ENDED && m == X ->
#ifndef ERASE_DROPS_OUTBOX
        if CRASH :: atomic { true -> sent = 1 } fi;
#endif
#ifdef REMOVES_BEFORE_COMMIT
        if CRASH :: atomic { true -> val = 0; val2 = 0 } fi;
#endif
        if
        CRASH
        :: atomic { st != ENDED -> l = st; goto decide }
        :: atomic { st == ENDED -> st = ERASED; outbox = 0; l = ERASED; again = 1 }
        fi;
        if CRASH :: atomic { true -> val = 0; val2 = 0 } fi
#ifdef ERASED_BEGINS
     :: (l == ENDED || l == ERASED) && m == S ->
#else
     :: l == ENDED && m == S ->
#endif
        if CRASH :: atomic { true -> sent = 1 } fi;
        if CRASH :: atomic { true -> val2 = 1 } fi;
        if
        CRASH
        :: atomic { st != l -> l = st; goto decide }
        :: atomic { st == l -> st = AGAIN; outbox = 0 }
        fi
#ifdef ONLY_ERASE_REMOVES
     :: l == ERASED && m == X -> if CRASH :: atomic { true -> val = 0; val2 = 0 } fi
#elif defined(ERASED_IS_DONE)
#elif defined(ERASED_BEGINS)
     :: l == ERASED && m != S -> if CRASH :: atomic { true -> val = 0; val2 = 0 } fi
#else
     :: l == ERASED -> if CRASH :: atomic { true -> val = 0; val2 = 0 } fi
#endif
     :: else -> if CRASH :: true fi
     fi;
#ifndef REMOVES_ONCE
#ifdef LOOKS_TOO_LATE
     again = (old > early);
#endif
     atomic { if :: m == X && st == ERASED && again -> vis[X]++ :: else -> skip fi };
#endif
     atomic { goto next };
die: atomic { if :: redelivered[m] && early && m != X -> redelivered[m] = 0 :: true -> vis[m]++ fi };
next: atomic { old = old - early; m = NE; l = OPEN; early = 0; again = 0 }
  od
}
init {
  byte i = 0;
  atomic {
    vis[M]++;
    do :: i < NH -> run handler(); i++ :: else -> break od
  };
  timeout ->
  atomic {
    assert(st != OPEN);
    assert(sent);                                         /* the command of the end is never lost */
    assert(st != ERASED || (!val && !val2));              /* nothing of an erased instance is left */
    assert(st != AGAIN || val2)                           /* a run keeps its values */
  }
}
