/* A fork: instance Fk goes on from a prefix of the journal of O, under another id. An operator asks O for it (FORKk).
 * The prefix holds the completed command C. Command H was open at the cut; its reply R comes to O at any time.
 *   FORKk: one commit of O closes it, if it is open, passes C to Fk, does with a completed H as the operator chose (adopt, undo,
 *          leave), and issues the engine command to Fk. It is refused if C was undone, or belongs to another fork already.
 *   STARTk: begins Fk, or is refused because the id is taken (-DFOREIGN: another instance has the id of F0).
 *   TOLDk: the reply of Fk. A refusal gives C, and an adopted H, back to O, so that another fork may take them.
 *   END: O completes, or fails and undoes what it has done. FENDk: Fk fails, and undoes what it owns.
 *   R: H has completed. O counts it, or undoes it because it comes after the end.
 * A commit is one atomic step: head.pml shows that the conditional write makes it one. Sends and acknowledgement follow.
 * Faults, F in any mix: crash of a worker, a message that is delivered twice; with -DLOSS, a message that the queue loses.
 * Without -D flags this is the recommended protocol; each flag plants one design error.                                 */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 1
#endif
#ifndef NF
#define NF 1           /* forks that are asked for */
#endif
#define FORK0 0
#define FORK1 1
#define START0 2
#define START1 3
#define TOLD0 4
#define TOLD1 5
#define FEND0 6
#define FEND1 7
#define END 8
#define R 9
#define TICK 10
#define NM 11
#define K(m) ((m) & 1)
#define NONE 0
#define ISSUED 1       /* the engine command of O, and the reply to it */
#define BEGUN 2
#define TAKEN 3
#define ABSENT 0       /* status of a fork */
#define OPEN 1
#define SHUT 2
#define ALIEN 3        /* another instance has the id */
#define NOBODY 9       /* owner of an effect that stays: 0 and 1 are the forks, O is 8 */
#define ORIGIN 8
#define COMMAND 1      /* H at O: an open command, a tombstone, a completed step, or neither */
#define TOMB 2
#define DONE 3
#define GONE 4
#define TICKS (F+2)
#ifdef NO_RESEND
#define NO_TICKS true
#else
#define NO_TICKS false
#endif

byte q[NM];
byte answer[2];        /* what TOLDk says */
byte faults_left = F, ticks = TICKS;
/* ---- O ---- */
byte ost = OPEN, h = COMMAND, ownC = ORIGIN, ownH = NOBODY;
bit asked[2], closing = 0, late = 0;   /* closing: a fork has closed O while H was open */
byte fork[2];          /* NONE, ISSUED, BEGUN, TAKEN */
/* ---- the forks ---- */
byte fst[2];
byte begins[2];
/* ---- ghosts: how often the services undid an effect ---- */
byte undoneC = 0, undoneH = 0;
byte busy = 0;

inline undoC() { undoneC++; ownC = NOBODY }
inline undoH() { undoneH++; ownH = NOBODY }

inline forked(k) {
  asked[k] = 1;
  if
  :: ost == OPEN ->
     ost = SHUT;
     if
     :: h == COMMAND ->
        closing = 1;
#ifdef DROPS_LATE
        h = GONE
#else
        h = TOMB;                                      /* a late success is undone */
#ifdef ADOPTS_OPEN
        ownH = k
#endif
#endif
     :: else -> skip
     fi
  :: else -> skip
  fi;
  ownC = k;
  if
  :: h == DONE && ownH == ORIGIN ->
     if :: ownH = k :: undoH() :: ownH = NOBODY fi     /* adopt, undo, leave */
  :: else -> skip
  fi;
  fork[k] = ISSUED; snd_start = snd_start | (1 << k)
}

#ifdef NO_OWNER
#define MAY_TAKE true
#elif defined(TAKES_UNDONE)
#define MAY_TAKE (ownC == ORIGIN || ownC == NOBODY)
#else
#define MAY_TAKE (ownC == ORIGIN)
#endif
#ifdef TAKES_UNDONE
#define STANDS true
#else
#define STANDS (undoneC == 0)
#endif

inline origin(m) {
  if
  :: m == FORK0 || m == FORK1 ->
     if
     :: asked[K(m)] -> if :: fork[K(m)] == ISSUED -> snd_start = snd_start | (1 << K(m)) :: else -> skip fi
     :: !asked[K(m)] && STANDS && MAY_TAKE -> forked(K(m))
     :: else -> asked[K(m)] = 1                        /* refused: the operator is told, and nothing changes */
     fi
  :: m == TOLD0 || m == TOLD1 ->
     if
     :: fork[K(m)] == ISSUED ->
        fork[K(m)] = answer[K(m)];
        if
        :: answer[K(m)] == TAKEN ->
#ifndef KEPT_BY_TAKEN
           if :: ownC == K(m) -> ownC = ORIGIN :: else -> skip fi;
           if :: ownH == K(m) -> ownH = ORIGIN :: else -> skip fi
#else
           skip
#endif
        :: else -> skip
        fi
     :: else -> skip
     fi
  :: m == END ->
     if
     :: ost == OPEN -> ost = SHUT;
        if
        :: true -> if :: h == COMMAND -> h = GONE :: else -> skip fi           /* completed: what it did stays */
        :: true -> undoC(); if :: h == DONE && ownH == ORIGIN -> undoH() :: h == COMMAND -> h = TOMB :: else -> skip fi
        fi
     :: else -> skip
     fi
  :: m == R ->
     if
     :: ost == OPEN && h == COMMAND -> h = DONE; ownH = ORIGIN
     :: ost == SHUT && h == TOMB -> h = GONE; late = 1; undoH()
     :: else -> skip
     fi
  :: m == TICK -> if :: fork[0] == ISSUED -> snd_start = snd_start | 1 :: else -> skip fi;
                  if :: fork[1] == ISSUED -> snd_start = snd_start | 2 :: else -> skip fi
  fi
}

inline tell(k, a) { snd_told = snd_told | (1 << k); sa[k] = a }

inline begin(k) {
  assert(undoneC == 0);                                /* a fork never stands on what was undone */
  fst[k] = OPEN; begins[k]++; tell(k, BEGUN)
}

inline forks(m) {
  if
  :: m == START0 || m == START1 ->
     if
     :: fst[K(m)] == ABSENT -> begin(K(m)); q[FEND0 + K(m)] = 1
#ifdef REPLACES
     :: fst[K(m)] == ALIEN -> begin(K(m)); q[FEND0 + K(m)] = 1
#else
     :: fst[K(m)] == ALIEN -> tell(K(m), TAKEN)
#endif
#ifdef BEGINS_AGAIN
     :: fst[K(m)] == SHUT -> fst[K(m)] = OPEN; begins[K(m)]++; tell(K(m), BEGUN)
     :: fst[K(m)] == OPEN -> tell(K(m), BEGUN)
#else
     :: fst[K(m)] == OPEN || fst[K(m)] == SHUT -> tell(K(m), BEGUN)
#endif
     fi
  :: m == FEND0 || m == FEND1 ->
     if
     :: fst[K(m)] == OPEN ->
        fst[K(m)] = SHUT;
#ifdef NO_OWNER
        undoneC++;
#else
        if :: ownC == K(m) -> undoC() :: else -> skip fi;
#endif
        if :: ownH == K(m) -> undoH() :: else -> skip fi
     :: else -> skip
     fi
  fi
}

#ifdef FOREIGN
#define ALIEN_STAYS (fst[0] == ALIEN)
#else
#define ALIEN_STAYS true
#endif

proctype worker() {
  byte m, snd_start, snd_told; byte sa[2];
end:
  do
  :: atomic {
       if
       :: q[FORK0] -> m = FORK0   :: q[FORK1] -> m = FORK1 :: q[START0] -> m = START0 :: q[START1] -> m = START1
       :: q[TOLD0] -> m = TOLD0   :: q[TOLD1] -> m = TOLD1 :: q[FEND0] -> m = FEND0   :: q[FEND1] -> m = FEND1
       :: q[END] -> m = END       :: q[R] -> m = R         :: q[TICK] -> m = TICK
       fi;
       busy++; q[m]--; snd_start = 0; snd_told = 0; sa[0] = 0; sa[1] = 0;
       if
       :: faults_left > 0 -> faults_left--; q[m]++                                  /* it is delivered twice */
       :: true -> skip
       fi;
       if
       :: m == START0 || m == START1 || m == FEND0 || m == FEND1 -> forks(m)
       :: else -> origin(m)
       fi;
       assert(undoneC <= 1 && undoneH <= 1);           /* no effect is undone twice */
       assert(begins[0] <= 1 && begins[1] <= 1);       /* a fork begins once */
       assert(ALIEN_STAYS)
     };
     if
     :: atomic { faults_left > 0 -> faults_left--; q[m] = 1; busy--; m = 0; snd_start = 0; snd_told = 0; sa[0] = 0; sa[1] = 0 }
     :: atomic {
          if
#ifdef LOSS
          :: faults_left > 0 && (snd_start || snd_told) -> faults_left--               /* the queue loses what is sent */
#endif
          :: true ->
             if :: snd_start & 1 -> q[START0] = 1 :: else -> skip fi;
             if :: snd_start & 2 -> q[START1] = 1 :: else -> skip fi;
             if :: snd_told & 1 -> q[TOLD0] = 1; answer[0] = sa[0] :: else -> skip fi;
             if :: snd_told & 2 -> q[TOLD1] = 1; answer[1] = sa[1] :: else -> skip fi
          fi;
          busy--; m = 0; snd_start = 0; snd_told = 0; sa[0] = 0; sa[1] = 0
        }
     fi
  od
}

#define IDLE (busy == 0 && !q[0] && !q[1] && !q[2] && !q[3] && !q[4] && !q[5] && !q[6] && !q[7] && !q[8] && !q[9] && !q[10])
#define WAITS (fork[0] == ISSUED || fork[1] == ISSUED)

init {
  byte n = 0;
#if NF == 2
  bit second = 0;
#else
  bit second = 1;
#endif
  atomic {
#ifdef FOREIGN
    fst[0] = ALIEN;
#endif
    q[FORK0] = 1; q[END] = 1; q[R] = 1;
    do :: n < NH -> run worker(); n++ :: else -> break od; n = 0
  };
  do
  :: atomic { !second -> second = 1; q[FORK1] = 1 }    /* at any time, also after the answer of the first */
#ifndef NO_RESEND
  :: atomic { IDLE && ticks > 0 && WAITS -> ticks--; q[TICK] = 1 }
#endif
  :: atomic { IDLE && second && (NO_TICKS || ticks == 0 || !WAITS) -> break }
  od;
  /* Nothing is left to happen: each fork has begun, or O knows that it has not. */
  assert(!WAITS);
  assert((fork[0] != BEGUN || begins[0]) && (fork[1] != BEGUN || begins[1]));
  assert(fork[0] != TAKEN || ownC != 0);               /* what a refused fork would have taken belongs to it no longer */
  assert(!closing || late)                             /* a success that came after a fork had closed O is undone */
}
