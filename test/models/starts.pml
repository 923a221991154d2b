/* Starts that wait. Without -DGATE: `onOpen: 'queue'`, in the head of the open instance; with -DREPLACE: `onOpen: 'replace'`.
 *   START(k): begins a run, waits in the head of an open one, or comes again between the end of a run and the next one.
 *   END(k): ends the run that start k began. The same commit has the message BEGIN for the first waiting start as a pending send.
 *   BEGIN(k): begins the run of the first waiting start, which leaves the list in that commit.
 *   -DREPLACE: a start that waits cancels the open run, and takes the place of the start that waited before, which is refused.
 * With -DGATE: `start: { concurrency }`, an instance of the engine before the instances of a process, with MOST slots.
 *   START(k): takes a slot and issues the engine command CMD(k), or waits. CMD(k) begins instance k; END(k) ends it, and replies.
 *   REPLY(k): frees the slot, which the first waiting start takes in the same commit. TICK sends open commands again.
 * A commit is one atomic step: head.pml shows that the conditional write makes it one. Sends and acknowledgement follow.
 * Faults, F in any mix: crash of a worker, a message that is delivered twice; with -DLOSS, a message that the queue loses.
 * Without -D flags this is the recommended protocol; each flag plants one design error.                                 */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 1
#endif
#ifndef N
#define N 3            /* starts */
#endif
#ifndef MOST
#define MOST 1
#endif
#define START0 0
#define END0 3
#define BEGIN0 6       /* with -DGATE: CMD */
#define REPLY0 9
#define TICK 12
#define NM 13
#define NOBODY 3
#define TICKS (F+1)

byte q[NM];            /* messages that can be received */
byte faults_left = F, ticks = TICKS, busy = 0;
byte w[4], wn = 0;    /* the starts that wait, in order */
byte began[N];         /* ghost: how often each start began */
bit refused[N];        /* ghost: it was replaced, with an entry in the journal */
byte came[N], order = 0, last = 0;   /* ghost: the order in which starts were committed, and the last of them that began */
bit ring[N];           /* the ring of starts */
byte pk = NOBODY, pcause = NM;       /* the pending send of the last commit */
byte i;

#define K(m) ((m) % 3)
#define WAITING(k) ((wn > 0 && w[0] == k) || (wn > 1 && w[1] == k) || (wn > 2 && w[2] == k))

inline append(k) { w[wn] = k; wn++; if :: came[k] == 0 -> order++; came[k] = order :: else -> skip fi }
inline pop() { w[0] = w[1]; w[1] = w[2]; w[2] = NOBODY; wn-- }

#ifndef GATE
byte st = 0, by = NOBODY;            /* 0 absent, 1 open, 2 closed; the start of the run */
bit cancelled = 0;

inline begin(k) {
  assert(began[k] == 0);             /* a start begins once */
  assert(!refused[k]);               /* a start that was refused begins nothing */
  began[k]++;
#ifdef REPLACE
  if :: came[k] == 0 -> order++; came[k] = order :: else -> skip fi;
  assert(came[k] > last); last = came[k];
#else
  if :: came[k] > 0 -> assert(came[k] > last); last = came[k] :: else -> assert(wn == 0) fi;   /* none overtakes one that waits */
#endif
#ifndef RING_FORGETS
  if :: by != NOBODY -> ring[by] = 1 :: else -> skip fi;
#endif
  by = k; st = 1; cancelled = 0; pk = NOBODY; pcause = NM; q[END0 + k] = 1
}

#ifdef WAITING_UNKNOWN
#define KNOWN(k) (by == k || ring[k])
#else
#define KNOWN(k) (by == k || ring[k] || (WAITING(k) && !(st == 2 && w[0] == k)))
#endif

/* The sends of the commit before are accepted before a commit drops them. */
inline flush() { if :: pk != NOBODY -> q[BEGIN0 + pk] = 1; pk = NOBODY; pcause = NM :: else -> skip fi }

inline start(m, k) {
  if
  :: KNOWN(k) -> if :: pcause == m && pk != NOBODY -> snd = pk :: else -> skip fi
  :: !KNOWN(k) && st == 0 -> flush(); begin(k)
  :: !KNOWN(k) && st == 1 ->
     flush();
#ifdef REPLACE
     do
     :: wn > 0 -> refused[w[0]] = 1;
#ifndef REPLACED_FORGOTTEN
        ring[w[0]] = 1;
#endif
        pop()
     :: else -> break
     od;
     cancelled = 1; q[END0 + by] = 1;                  /* the run ends, when it has undone its steps */
#endif
     append(k)
  :: !KNOWN(k) && st == 2 && wn > 0 ->
#ifdef NO_WAIT
     wn = 0; flush(); begin(k)                        /* the new run replaces the head, and what waited in it */
#else
     if
     :: w[0] == k -> flush(); pop(); begin(k)
     :: w[0] != k -> q[m] = 1                          /* it comes again */
     fi
#endif
  :: !KNOWN(k) && st == 2 && wn == 0 -> flush(); begin(k)
  fi
}

inline ends(m, k) {
  if
  :: by == k && st == 1 ->
     flush(); st = 2; pcause = m;
     if
     :: wn > 0 -> pk = w[0];
        snd = w[0];
#ifdef POP_EARLY
        pop();
#endif
     :: else -> skip
     fi
  :: else ->
#ifndef BEGIN_ONCE
     if :: pcause == m && pk != NOBODY -> snd = pk :: else -> skip fi
#else
     skip
#endif
  fi
}

inline handle(m) {
  if
  :: m >= START0 && m < END0 -> start(m, K(m))
  :: m >= END0 && m < BEGIN0 -> ends(m, K(m))
  :: m >= BEGIN0 && m < REPLY0 -> start(m, K(m))
  :: else -> skip
  fi
}
#define SOUND true
#define TICKING false

#else
bit held[N], known[N];               /* the slots of the gate; the starts that it has */
byte child[N];                       /* 0 absent, 1 open, 2 closed */
byte slots = 0;                      /* slots that are taken */
bit sndc[N];

inline take(k) {
  known[k] = 1; held[k] = 1; slots++; sndc[k] = 1
}

inline start(m, k) {
  if
  :: known[k] || WAITING(k) -> if :: held[k] -> sndc[k] = 1 :: else -> skip fi
  :: !(known[k] || WAITING(k)) ->
     if
     :: slots < MOST -> take(k)
     :: else -> append(k)
     fi
  fi
}
inline free(k) {
  held[k] = 0; slots--;
  if
  :: wn > 0 -> i = w[0]; pop(); take(i); i = 0
  :: else -> skip
  fi
}
inline reply(k) {
  if
#ifdef COUNT_REPLIES
  :: slots > 0 -> free(k)            /* each copy of a reply frees a slot */
  :: else -> skip
#else
  :: held[k] -> free(k)
  :: else ->                         /* the redelivery repeats the send of the start that took the slot */
     i = 0;
     do :: i < N -> if :: held[i] -> sndc[i] = 1 :: else -> skip fi; i++ :: else -> break od; i = 0
#endif
  fi
}
inline command(k) {
  if
  :: child[k] == 0 ->
     child[k] = 1; began[k]++; assert(began[k] == 1); q[END0 + k] = 1;
#ifdef FREE_AT_BEGIN
     snd = k
#endif
  :: child[k] == 2 -> snd = k        /* it has ended: it replies again */
  :: else -> skip
  fi
}
inline ends(m, k) {
  if
  :: child[k] == 1 -> child[k] = 2; snd = k
  :: child[k] == 2 -> snd = k
  :: else -> skip
  fi
}
inline handle(m) {
  if
  :: m >= START0 && m < END0 -> start(m, K(m))
  :: m >= END0 && m < BEGIN0 -> ends(m, K(m))
  :: m >= BEGIN0 && m < REPLY0 -> command(K(m))
  :: m >= REPLY0 && m < TICK -> reply(K(m))
  :: m == TICK ->
     i = 0;
     do :: i < N -> if :: held[i] -> sndc[i] = 1 :: else -> skip fi; i++ :: else -> break od; i = 0
  fi
}
#define SOUND ((child[0] == 1) + (child[1] == 1) + (child[2] == 1) <= MOST)
#define TICKING (held[0] || held[1] || held[2])
#endif

proctype worker() {
  byte m, snd = NOBODY;
#ifdef GATE
  bit c0, c1, c2;
#endif
end:
  do
  :: atomic {
       if
       :: q[0] -> m = 0 :: q[1] -> m = 1 :: q[2] -> m = 2 :: q[3] -> m = 3 :: q[4] -> m = 4 :: q[5] -> m = 5
       :: q[6] -> m = 6 :: q[7] -> m = 7 :: q[8] -> m = 8 :: q[9] -> m = 9 :: q[10] -> m = 10 :: q[11] -> m = 11 :: q[12] -> m = 12
       fi;
       busy++; q[m]--; snd = NOBODY;
       if
       :: faults_left > 0 -> faults_left--; q[m]++                                  /* it is delivered twice */
       :: true -> skip
       fi;
       handle(m);
#ifdef GATE
       c0 = sndc[0]; c1 = sndc[1]; c2 = sndc[2]; sndc[0] = 0; sndc[1] = 0; sndc[2] = 0;
#endif
       assert(SOUND)
     };
     if
     :: atomic {
          faults_left > 0 -> faults_left--; q[m] = 1; busy--; m = 0; snd = NOBODY;   /* a crash: the message comes again */
#ifdef GATE
          c0 = 0; c1 = 0; c2 = 0
#endif
        }
     :: atomic {
          if
#ifdef LOSS
          :: faults_left > 0 && snd != NOBODY -> faults_left--                       /* the queue loses what is sent */
#endif
          :: true ->
#ifdef GATE
             if :: snd != NOBODY -> q[REPLY0 + snd] = 1 :: else -> skip fi;
             if :: c0 -> q[BEGIN0] = 1 :: else -> skip fi;
             if :: c1 -> q[BEGIN0 + 1] = 1 :: else -> skip fi;
             if :: c2 -> q[BEGIN0 + 2] = 1 :: else -> skip fi
#else
             if :: snd != NOBODY -> q[BEGIN0 + snd] = 1 :: else -> skip fi
#endif
          fi;
          busy--; m = 0; snd = NOBODY;
#ifdef GATE
          c0 = 0; c1 = 0; c2 = 0
#endif
        }
     fi
  od
}

#define IDLE (busy == 0 && !q[0] && !q[1] && !q[2] && !q[3] && !q[4] && !q[5] && !q[6] && !q[7] && !q[8] && !q[9] && !q[10] && !q[11] && !q[12])

init {
  byte n = 0;
  atomic {
    w[0] = NOBODY; w[1] = NOBODY; w[2] = NOBODY;
    do :: n < N -> q[START0 + n] = 1; n++ :: else -> break od; n = 0;
    do :: n < NH -> run worker(); n++ :: else -> break od; n = 0
  };
  do
#ifndef NO_RESEND
  :: atomic { IDLE && ticks > 0 && TICKING -> ticks--; q[TICK] = 1 }
  :: atomic { IDLE && (ticks == 0 || !(TICKING)) -> break }
#else
  :: atomic { IDLE -> break }
#endif
  od;
  /* Nothing is left to happen: no start is lost, and none waits. */
  assert(wn == 0);
  do :: n < N -> assert(began[n] == 1 || refused[n]); n++ :: else -> break od
}
