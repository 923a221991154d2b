/* Two regions on one strongly consistent table, one process instance, a worker and a service in each region.
 * Definition modelled:  START -> A ;  reply(A) -> C ;  DONE when reply(C) and SIG are in.
 * Each region has a bus, an inbox, queues of the service, and its own workers. The head and the command records are items that both regions
 *   write, each conditionally on its latest version (DynamoDB global table with strong consistency). Events from outside come to one region, and
 *   a rule forwards them to the other; replies and commands stay in the region. A wake repeats what is open, in each region that is up.
 * Loss of region 0: once, at any step. Its messages wait in it, its workers and its service stand still. It may come back, and then they go on.
 *   An event that was not forwarded before is lost with its region: DONE is asserted only if both events were.
 * Faults, F in any mix: crash of a worker at any step, visibility timeout while it lives on, a wake while nothing is overdue.
 * Without -D flags this is the recommended protocol; each flag plants one design error.               */
#ifndef F
#define F 1
#endif
#ifndef WAKES
#define WAKES 2       /* wakes after everything has come to rest */
#endif
#define START 0
#define SIG 1
#define RA 2
#define RC 3
#define TICK 4
#define A 1
#define C 2
#define FREE 0
#define VIS 1
#define INF 2
#define GONE 3
#define S(e, r) (2 * (e) + (r))     /* the message of event e in region r */
#define EV(i) ((i) / 2)
#define V(i) (st[i] == VIS)

#ifdef EVENTUAL
#define H(r) (r)                    /* each region evaluates conditions on its own copy; the last writer wins */
#else
#define H(r) 0
#endif
#ifdef RECORDS_APART
#define R(r) (r)
#else
#define R(r) 0
#endif

/* ---- durable head and command records ---- */
byte ver[2], out[2];
bit started[2], sig[2], done[2];
byte recA[2], recC[2];              /* recorded outcome of the command: its reply can be repeated */
#ifdef EVENTUAL
bit dirty[2];
#endif
#ifdef RESEND_AT_HOME
byte home[3];                       /* 1 + the region that has first sent A (1) or C (2) */
#endif
/* ---- of the regions ---- */
byte st[10];
bit qA[2], qC[2];
bit heard[2];                       /* START, SIG: forwarded, or it came to region 1 */
byte lost = 0;                      /* 1: for a time, 2: for good */
bit was_lost = 0;
byte faults_left = F, wakes_left = WAKES;
byte effA = 0, effC = 0;

#define FAULT (faults_left > 0)
#define UP(r) (!lost || r == 1)

inline decide(e) {
  noop = 1; newc = 0;
  if
  :: e == START ->
       if :: !l_started -> l_started = 1; l_out = l_out | A; newc = A; noop = 0 :: else -> skip fi
  :: e == SIG ->
       if :: !l_sig && !l_done -> l_sig = 1; noop = 0 :: else -> skip fi
  :: e == RA ->
       if :: (l_out & A) -> l_out = (l_out & (255 - A)) | C; newc = C; noop = 0 :: else -> skip fi
  :: e == RC ->
       if :: (l_out & C) -> l_out = l_out & (255 - C); l_got = 1; noop = 0 :: else -> skip fi
  :: e == TICK ->                     /* a command without a reply is sent again, with the wake as its carrier */
       if :: l_out != 0 -> newc = l_out; noop = 0 :: else -> skip fi
  fi;
  if :: !noop && l_got && l_sig -> l_done = 1 :: else -> skip fi
}
bit got[2];
inline readhead(g) {
  l_ver = ver[H(g)]; l_started = started[H(g)]; l_sig = sig[H(g)]; l_done = done[H(g)]; l_got = got[H(g)]; l_out = out[H(g)]
}
inline clear() {
  l_ver = 0; l_started = 0; l_sig = 0; l_done = 0; l_got = 0; l_out = 0
}
inline give(e, g) { if :: st[S(e, g)] == INF -> skip :: else -> st[S(e, g)] = VIS fi }

inline charge(r) {                  /* claims A in the shared record, has its effect, replies on the bus of the region */
  atomic { qA[r] -> if :: !recA[R(r)] -> effA++; recA[R(r)] = 1 :: else -> skip fi };
  atomic { give(RA, r); qA[r] = 0 }
}
inline ship(r) {
  atomic { qC[r] -> if :: !recC[R(r)] -> effC++; recC[R(r)] = 1 :: else -> skip fi };
  atomic { give(RC, r); qC[r] = 0 }
}

#ifdef NOT_FORWARDED
#define ARRIVES(e, r) heard[e] = 1
#else
#define ARRIVES(e, r) heard[e] = 1; if :: st[S(e, r)] == FREE -> st[S(e, r)] = VIS :: else -> skip fi
#endif
#define Z(i, r) :: atomic { FAULT && UP(r) && st[i] == INF -> st[i] = VIS; faults_left-- }
active proctype env() {
  end: do
  Z(0, 0) Z(1, 1) Z(2, 0) Z(3, 1) Z(4, 0) Z(5, 1) Z(6, 0) Z(7, 1) Z(8, 0) Z(9, 1)
  :: atomic { FAULT && out[H(1)] != 0 && st[S(TICK, 1)] != VIS && st[S(TICK, 1)] != INF -> st[S(TICK, 1)] = VIS; faults_left-- }
  :: atomic { !lost && st[S(START, 0)] != FREE && !heard[START] -> ARRIVES(START, 1) }
  :: atomic { !lost && st[S(SIG, 0)] != FREE && !heard[SIG] -> ARRIVES(SIG, 1) }
  :: atomic { st[S(SIG, 1)] != FREE && st[S(SIG, 0)] == FREE && !lost -> st[S(SIG, 0)] = VIS }
#ifndef NO_LOSS
  :: atomic { !was_lost -> lost = 1; was_lost = 1 }
  :: atomic { !was_lost -> lost = 2; was_lost = 1 }
  :: atomic { lost == 1 -> lost = 0 }
#endif
#ifdef EVENTUAL
  :: atomic { !lost && dirty[0] -> started[1] = started[0]; sig[1] = sig[0]; done[1] = done[0]; got[1] = got[0]; out[1] = out[0]; ver[1] = ver[0]; dirty[0] = 0 }
  :: atomic { !lost && dirty[1] -> started[0] = started[1]; sig[0] = sig[1]; done[0] = done[1]; got[0] = got[1]; out[0] = out[1]; ver[0] = ver[1]; dirty[1] = 0 }
#endif
  od
}
#define G(e) :: V(S(e, r)) -> m = S(e, r)
#define ANYVIS (V(S(START, r)) || V(S(SIG, r)) || V(S(RA, r)) || V(S(RC, r)) || V(S(TICK, r)))
#ifdef RESEND_AT_HOME
#define QUEUE(c) (home[c] - 1)
#define TAKES_HOME(c) if :: home[c] == 0 -> home[c] = 1 + r :: else -> skip fi
#else
#define QUEUE(c) r
#define TAKES_HOME(c) skip
#endif
#define LOCALS byte m = 0, l_ver = 0, l_out = 0, newc = 0, snd = 0; bit l_started = 0, l_sig = 0, l_done = 0, l_got = 0, noop = 0, cached = 0
inline receive(r) {
     atomic { ANYVIS ->
        if G(START) G(SIG) G(RA) G(RC) G(TICK) fi;
        st[m] = INF }
}
inline advance(r) {
     atomic {                                              /* load + decide (local) */
        if :: cached -> skip :: else -> readhead(r); cached = 1 fi;
        decide(EV(m));
        /* the other region may have written: a verdict without a write needs a strongly consistent read */
        if :: noop && l_ver != ver[H(r)] -> readhead(r); decide(EV(m)) :: else -> skip fi;
     };
again:
     if
     :: noop -> atomic {    /* duplicate or late: repeat the sends of this event that are still outstanding */
        snd = 0;
        if :: EV(m) == START -> snd = l_out & A
           :: EV(m) == RA -> snd = l_out & C
           :: else -> skip fi
        }
     :: !noop ->
        if
        :: atomic { FAULT -> faults_left--; goto die }
        :: atomic { l_ver == ver[H(r)] ->                  /* ConditionExpression: version = :v */
               ver[H(r)]++; started[H(r)] = l_started; sig[H(r)] = l_sig; done[H(r)] = l_done; got[H(r)] = l_got; out[H(r)] = l_out;
#ifdef EVENTUAL
               dirty[H(r)] = 1;
#endif
               l_ver = ver[H(r)]; snd = newc }
        :: atomic { l_ver != ver[H(r)] -> readhead(r); decide(EV(m)); goto again }   /* conflict: the latest image, decide again */
        fi
     fi;
     do
     :: atomic { snd & A -> TAKES_HOME(A); qA[QUEUE(A)] = 1; snd = snd & (255 - A) }
     :: atomic { snd & C -> TAKES_HOME(C); qC[QUEUE(C)] = 1; snd = snd & (255 - C) }
     :: atomic { snd == 0 -> break }
     :: atomic { FAULT -> faults_left--; goto die }        /* crash, or some entries Failed */
     od;
     atomic { if :: st[m] == INF -> st[m] = GONE :: else -> skip fi; goto next };
die: atomic { if :: st[m] == INF -> st[m] = VIS :: else -> skip fi; cached = 0; clear() };
next: atomic { m = 0; snd = 0; newc = 0; noop = 0 }
}
/* A region that is lost stands still. */
proctype service0() provided (!lost) { end: do :: charge(0) :: ship(0) od }
proctype service1() { end: do :: charge(1) :: ship(1) od }
proctype worker0() provided (!lost) { LOCALS; end: do :: receive(0); advance(0) od }
proctype worker1() { LOCALS; end: do :: receive(1); advance(1) od }
init {
  atomic {
    st[S(START, 0)] = VIS;
    if :: st[S(SIG, 0)] = VIS :: st[S(SIG, 1)] = VIS; heard[SIG] = 1 fi;
    run worker0(); run worker1(); run service0(); run service1()
  };
  do
  :: timeout ->   /* quiescence: no message can move in a region that is up */
     assert(effA <= 1); assert(effC <= 1);
     if
#ifndef NO_WAKE
     :: wakes_left > 0 && out[H(1)] != 0 -> atomic { wakes_left--; st[S(TICK, 1)] = VIS }
#endif
     :: else -> break
     fi
  od;
  assert(!(heard[START] && heard[SIG]) || done[H(1)]);
  assert(!done[H(1)] || (effA == 1 && effC == 1));
  lost = 0     /* so that no process stands still at the end of the search */
}
