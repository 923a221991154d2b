/* A schedule that the code lists starts an instance at each of its times. Several concurrent invocations.
 *   L0, L1: the listing of the code, with the times of build 0 or 1; L2: that of build 0 again, at a later time. T(i): the tick of time i;
 *   U: the tick that follows when the code lacks the schedule. S(i): the start of the instance of time i; R(i): its reply, at its end.
 *   P, G: pause and go on. D: a client deletes the schedule, so the next listing begins it again.
 * A time is decided once: started, waiting (then started when the running instance ends), or skipped. What has come is what lies between
 *   `covered` and now, whatever tick is in hand. The owner of S(i) begins time i once (child.pml), and replies again to a copy.
 * The listing has the hash of its times as id, so an unchanged one is a duplicate. The name of the run that it begins has its own time too.
 * -DDEPLOY: build 1 lists other times. -DGAP: a build without the schedule runs, for less time than U takes. -DDELETE, -DPAUSE: those acts.
 * -DSKIP: a time that comes while an instance runs is skipped; else it waits, at most one.
 * Faults, F in any mix: crash of an invocation after its commit, duplicate delivery. Classify and commit are one step (head.pml), and the
 *   sends of a commit are made by each copy of its message. Without the other flags this is the recommended protocol.               */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 1
#endif
#define NT 3
#define T(i) (i)
#define S(i) (NT+(i))
#define R(i) (2*NT+(i))
#define L0 (3*NT)
#define L1 (3*NT+1)
#define L2 (3*NT+2)
#define P (3*NT+3)
#define G (3*NT+4)
#define D (3*NT+5)
#define U (3*NT+6)
#define NE (3*NT+7)
#define NOTHING 255
#define HASH(m) (m == L1)
#define ABSENT 0
#define OPEN 1
#define ENDED 2
#define NONE 2         /* the code lacks the schedule */

/* ---- the head of the schedule ---- */
byte st = ABSENT, def, covered, waiting = NOTHING, tick = NOTHING, tcause = NOTHING;
bit paused, ring[2], acted[3], unlisted, begun[3];
bit running[NT]; byte scause[NT];
/* ---- world: the code, the clock, the instances ---- */
byte code = 0, now = 0, faults_left = F;
bit child[NT], over[NT];
byte q[NE], names[3], decided[NT], busy = 0;

#define RUNS (running[0] || running[1] || running[2])
/* Two copies of a message behave as more would. */
inline put(m) { if :: q[m] < 2 -> q[m]++ :: else -> skip fi }
inline arm(m) { tick = (covered < NT -> T(covered) : NOTHING); tcause = m }
inline start(i, m) {
  assert(!RUNS);                                       /* no instance begins beside another one */
  decided[i]++; assert(decided[i] == 1);
  running[i] = 1; scause[i] = m
}
inline skipped(i) { decided[i]++; assert(decided[i] == 1) }
inline offer(i, m) {
  assert(i < now);                                     /* no time is decided before it comes */
  if
  :: !RUNS -> start(i, m)
  :: else ->
#ifdef SKIP
     skipped(i)
#else
     if
#ifdef STARTS_BESIDE
     :: true -> start(i, m)
#endif
     :: waiting == NOTHING -> waiting = i
     :: else -> skipped(i)
     fi
#endif
  fi
}
/* All times that have come are decided, the last one is started: catch-up. */
inline decide_due(m) {
  do :: covered < now ->
        if :: covered + 1 < now -> skipped(covered) :: else -> offer(covered, m) fi;
        covered++
     :: else -> break
  od
}
inline finish() {
  st = ENDED; tick = NOTHING;
  if :: waiting != NOTHING -> skipped(waiting); waiting = NOTHING :: else -> skip fi;
#ifndef LISTING_REMEMBERED
  ring[def] = 0
#endif
}
inline listed(m) {
  if
  :: st == OPEN && ring[HASH(m)] -> skip               /* an unchanged listing */
  :: st == OPEN && !ring[HASH(m)] && def != HASH(m) ->
     if :: !paused -> decide_due(m) :: else -> skip fi;
     ring[def] = 0; ring[HASH(m)] = 1; def = HASH(m); if :: !paused -> arm(m) :: else -> skip fi
  :: st == OPEN && !ring[HASH(m)] && def == HASH(m) -> ring[HASH(m)] = 1
#ifdef LISTED_UNDER_ONE_NAME
  :: st != OPEN && (m == L2 || !begun[m - L0]) ->
#else
  :: st != OPEN && !begun[m - L0] ->
#endif
     if
#ifdef LISTING_REMEMBERED
     :: ring[HASH(m)] -> skip
#endif
     :: else ->
#ifdef LISTED_UNDER_ONE_NAME
        names[HASH(m)]++; assert(names[HASH(m)] == 1);
#else
        names[m - L0]++; assert(names[m - L0] == 1);
#endif
        begun[m - L0] = 1;
        st = OPEN; def = HASH(m); ring[0] = 0; ring[1] = 0; ring[HASH(m)] = 1;
        covered = (covered > now -> covered : now); paused = 0; unlisted = 0;
        i = 0; do :: i < NT -> running[i] = 0; i++ :: else -> break od;
        i = 0; do :: i < now -> if :: decided[i] == 0 -> decided[i] = 1 :: else -> skip fi; i++ :: else -> break od;
        arm(m)
     fi
  :: else -> skip
  fi
}
inline ticked(m) {
  if
  :: st == OPEN && tick == m ->
     assert(!paused);                                  /* nothing is decided in a pause */
     if
     :: code == NONE ->
        if
#ifndef ENDS_AT_ONCE
        :: !unlisted -> unlisted = 1; tick = U; tcause = m
#endif
        :: else -> assert(m == U); finish()            /* the code lacks it for longer than a deploy takes */
        fi
     :: else ->
        unlisted = 0;
#ifndef LISTED_TIMES_STAY
        if :: code < NONE && def != code -> ring[def] = 0; def = code :: else -> skip fi;
#endif
        assert(def == code);                           /* a time counts by the times that the code lists */
#ifdef DECIDES_ITS_TICK
        i = m; offer(i, m); covered = m + 1; i = 0;
#else
        decide_due(m);
#endif
        arm(m)
     fi
#ifdef DECIDES_ITS_TICK
  :: st == OPEN && tick != m && m < NT && !paused -> i = m; offer(i, m); i = 0
#endif
  :: else -> skip
  fi
}
inline answered(k, m) {
  if
  :: running[k] && st == OPEN ->
     running[k] = 0;
     if
#ifndef WAITING_FORGOTTEN
     :: waiting != NOTHING && !RUNS ->
#else
     :: waiting != NOTHING && !RUNS && k + 1 == waiting ->
#endif
        i = waiting; waiting = NOTHING; start(i, m)
     :: else -> skip
     fi
  :: else -> running[k] = 0
  fi
}
inline act(m) {
  if
  :: st == OPEN && !acted[m - P] ->
     acted[m - P] = 1;
     if
     :: m == P -> decide_due(m); paused = 1;
#ifndef PAUSE_KEEPS_TICK
        tick = NOTHING
#endif
     :: m == G && paused ->
        paused = 0;
#ifndef RESUME_DECIDES
        do :: covered < now -> skipped(covered); covered++ :: else -> break od;
#else
        covered = now;
#endif
        arm(m)
     :: m == G && !paused -> skip
     :: m == D -> finish()
     fi
  :: else -> skip
  fi
}

proctype worker() {
  byte m, i;
end:
  do
  :: atomic {
       if
       :: q[T(0)] && now > 0 -> m = T(0) :: q[T(1)] && now > 1 -> m = T(1) :: q[T(2)] && now > 2 -> m = T(2)
       :: q[S(0)] -> m = S(0) :: q[S(1)] -> m = S(1) :: q[S(2)] -> m = S(2)
       :: q[R(0)] -> m = R(0) :: q[R(1)] -> m = R(1) :: q[R(2)] -> m = R(2)
       :: q[L0] -> m = L0 :: q[L1] -> m = L1 :: q[L2] -> m = L2
       :: q[P] -> m = P :: q[G] -> m = G :: q[D] -> m = D :: q[U] && code != NONE -> m = U
       fi;
       busy++; q[m]--;
       if
       :: faults_left > 0 -> faults_left--; put(m)     /* it is delivered twice */
       :: true -> skip
       fi;
       i = 0;
       if
       :: m < NT || m == U -> ticked(m)
       :: m >= S(0) && m < R(0) -> child[m - NT] = 1   /* begins once */
       :: m >= R(0) && m < L0 -> answered(m - 2*NT, m)
       :: m >= L0 && m <= L2 -> listed(m)
       :: m >= P && m <= D -> act(m)
       fi;
       i = 0
     };
     if
     :: atomic { faults_left > 0 -> faults_left--; put(m); busy--; m = 0 }
     :: atomic {
          i = 0;
          do
          :: i < NT ->
             if :: running[i] && scause[i] == m -> put(S(i)) :: else -> skip fi;
             i++
          :: else -> break
          od;
          if :: tick != NOTHING && tcause == m && q[tick] == 0 -> put(tick) :: else -> skip fi;
          if :: m >= S(0) && m < R(0) && over[m - NT] -> put(R(m - NT)) :: else -> skip fi;
          busy--; m = 0; i = 0
        }
     fi
  od
}

init {
  byte n = 0; bit p = 0, g = 0, d = 0, l = 0;
  atomic { put(L0); do :: n < NH -> run worker(); n++ :: else -> break od; n = 0 };
  do
  :: atomic { st != ABSENT && now < NT -> now++ }
  :: atomic { child[0] && !over[0] -> over[0] = 1; put(R(0)) }
  :: atomic { child[1] && !over[1] -> over[1] = 1; put(R(1)) }
  :: atomic { child[2] && !over[2] -> over[2] = 1; put(R(2)) }
#ifdef DEPLOY
  :: atomic { code == 0 && !l -> l = 1; code = 1; put(L1) }
#endif
#ifdef GAP
  :: atomic { code == 0 && !l -> l = 1; code = NONE }
  :: atomic { code == NONE -> code = 0; put(L2) }
#endif
#ifdef DELETE
  :: atomic { st == OPEN && !d -> d = 1; put(D) }
  :: atomic { d && !l && st == ENDED -> l = 1; put(L2) }
#endif
#ifdef PAUSE
  :: atomic { st == OPEN && !p -> p = 1; put(P) }
  :: atomic { acted[0] && !g -> g = 1; put(G) }
#endif
  :: timeout -> break
  od;
  atomic {
    n = 0;
    do
    :: n < NT -> assert(decided[n] == 1); n++          /* no time is passed over */
    :: else -> break
    od;
    assert(st == OPEN);                                /* what the code lists is there */
    assert(waiting == NOTHING && !RUNS)
  }
}
