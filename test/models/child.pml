/* A parent starts a child: an engine command of its head, sent to the inbox as a message, and answered by a message.
 * Two commands ask for the same child: K0 of the parent's first run, K1 of its second run, or of another parent (-DRIVAL).
 * The head of the child names the command that began its run; the ring remembers commands that it has begun or refused.
 *   START(k): begins the run, or is refused while another run is open (written, and answered in the same commit).
 *   SETTLE(k): the parent no longer wants the child. It cancels the run, or leaves a cancelled run where there was none.
 *   END: an event of the child that completes its run. -DSTUCK: it makes the child stuck first, and RESUME brings it back.
 *   CANCEL: the parent is cancelled; it ends when the outcome of the child is definite.
 *   -DDETACH: the parent detaches the child and ends in the commit that issues the command.
 *   -DRESTART: a start begins the second run of the parent, after the sends of the first were accepted; it issues K1.
 *   -DFOREIGN: an instance without a parent has the id at first; -DREOPEN: a closed run lets any start begin another.
 * A closed run of the same parent always lets it begin another, so -DRESTART needs no -DREOPEN.
 * A commit is one atomic step: head.pml shows that the conditional write makes it one. Sends and acknowledgement follow.
 * Faults, F in any mix: crash of a worker, a message that is delivered twice; with -DLOSS, a message that the queue loses.
 * Without -D flags this is the recommended protocol; each flag plants one design error.                                 */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 1
#endif
#define PSTART 0
#define CANCEL 1
#define PSTART2 2
#define TICK 3
#define START0 4
#define START1 5
#define SETTLE0 6
#define SETTLE1 7
#define END 8
#define RESUME 9
#define REPLY0 10
#define REPLY1 11
#define NM 12
#define NOBODY 3       /* the command of no run; FREE: an instance without a parent */
#define FREE 2
#define ABSENT 0       /* status of the child */
#define OPEN 1
#define SHUT 2
#define NONE 0         /* outcomes */
#define COMPLETED 1
#define CANCELLED 2
#define TAKEN 3
#define ISSUED 1       /* a command of the parent */
#define SETTLING 2
#define ANSWERED 3
#define TICKS (F+2)
#ifdef NO_RESEND
#define NO_TICKS true
#else
#define NO_TICKS false
#endif

byte q[NM];            /* messages that can be received */
byte ro[2];            /* outcome in REPLYk */
byte faults_left = F, ticks = TICKS;
/* ---- the parent: the command of its run k is Kk; with -DRIVAL, K1 is the command of another parent ---- */
byte cmd[2];           /* NONE, ISSUED, SETTLING, ANSWERED */
byte told[2];
bit gone[2];           /* the run of the command has ended */
/* ---- the child ---- */
byte cst = ABSENT, by = NOBODY, out = NONE;
byte pk = NOBODY, po = NONE, pcause = NM;   /* the pending reply of its last commit */
bit ring[2], refused[2], stuck = 0, was = 0, ended = 0;
byte parked[NM];
byte begins[2];        /* ghost: runs that the command began, without those that were cancelled before they ran code */
bit completed[2], cancelled[2];
byte busy = 0;

#define K(m) ((m) & 1)
#ifdef STUCK
#define STUCKS true
#else
#define STUCKS false
#endif

inline reply(k, o) { snd_reply = snd_reply | (1 << k); so[k] = o }

/* What a head that has heard of the command says again: the pending reply of this message, and the outcome of a closed run. */
inline again(m, k) {
  if
  :: pcause == m && pk == k -> reply(k, po)
  :: else ->
#ifndef REPLY_ONCE
     if
     :: by == k && cst == SHUT -> reply(k, out)
     :: by != k && refused[k] -> reply(k, TAKEN)
     :: by != k && !refused[k] && completed[k] -> reply(k, COMPLETED)      /* of an earlier run, from its journal */
     :: by != k && !refused[k] && cancelled[k] -> reply(k, CANCELLED)
     :: else -> skip
     fi
#else
     skip
#endif
  fi
}
#ifdef RIVAL
#define OWN(k) false
#else
#define OWN(k) (by != FREE)
#endif
#ifdef REOPEN
#define MAY_BEGIN(k) (cst == ABSENT || cst == SHUT)
#else
#define MAY_BEGIN(k) (cst == ABSENT || (cst == SHUT && OWN(k)))
#endif
#ifdef ID_ONLY
#define KNOWN(k) (cst != ABSENT)
#else
#define KNOWN(k) (by == k || ring[k])
#endif

inline begin(k) {
  if :: by < 2 -> ring[by] = 1 :: else -> skip fi;
  by = k; cst = OPEN; out = NONE; pk = NOBODY; pcause = NM
}
inline refuse(m, k) {
#ifndef REFUSAL_FORGOTTEN
  ring[k] = 1; refused[k] = 1;
#endif
  pk = k; po = TAKEN; pcause = m; reply(k, TAKEN)
}
inline finish(m, o) { cst = SHUT; out = o; pk = by; po = o; pcause = m; if :: by < 2 -> reply(by, o) :: else -> skip fi }

inline start(m, k) {
  if
  :: stuck -> parked[m] = 1
  :: !stuck && KNOWN(k) ->
#ifdef ID_ONLY
     if :: cst == SHUT -> reply(k, out) :: else -> by = k fi
#else
     again(m, k)
#endif
  :: !stuck && !KNOWN(k) && MAY_BEGIN(k) ->
     assert(told[k] == NONE);                          /* an answered command begins nothing */
     begin(k); begins[k]++; ended = 0; q[END] = 1
  :: else -> refuse(m, k)
  fi
}
inline settle(m, k) {
  if
  :: stuck -> parked[m] = 1
  :: !stuck && by == k && cst == OPEN -> cancelled[k] = 1; finish(m, CANCELLED)
  :: !stuck && KNOWN(k) && !(by == k && cst == OPEN) -> again(m, k)
  :: !stuck && !KNOWN(k) && MAY_BEGIN(k) ->
#ifdef NO_TOMB
     reply(k, CANCELLED)
#else
     begin(k); cancelled[k] = 1; finish(m, CANCELLED)  /* a run that is cancelled before it runs code */
#endif
  :: else -> refuse(m, k)
  fi
}

inline issue(k) {
  cmd[k] = ISSUED; snd_start = snd_start | (1 << k);
#ifdef DETACH
  if :: k == 0 -> gone[0] = 1 :: else -> skip fi;
#ifdef CLOSE_DROPS
  cmd[k] = NONE; snd_start = 0
#endif
#endif
}
inline resend(k) {
  if
  :: cmd[k] == ISSUED -> snd_start = snd_start | (1 << k)
  :: cmd[k] == SETTLING -> snd_settle = snd_settle | (1 << k)
  :: else -> skip
  fi
}
inline answered(k, o) {
  if
  :: (cmd[k] == ISSUED || cmd[k] == SETTLING) && !gone[k] -> told[k] = o; cmd[k] = ANSWERED; gone[k] = 1
  :: else -> skip                                      /* closed, wrongRun, dup */
  fi
}
#ifdef RIVAL
#define MAY_FOLLOW true
#else
#define MAY_FOLLOW gone[0]
#endif

inline parent(m) {
  if
  :: m == PSTART -> if :: cmd[0] == NONE && !gone[0] -> issue(0) :: else -> resend(0) fi
  :: m == CANCEL ->
     if
     :: !gone[0] && cmd[0] == ISSUED ->
#ifdef CANCEL_DROPS
        cmd[0] = ANSWERED; told[0] = CANCELLED; gone[0] = 1
#else
        cmd[0] = SETTLING; snd_settle = snd_settle | 1
#endif
     :: else -> if :: cmd[0] == SETTLING -> snd_settle = snd_settle | 1 :: else -> skip fi
     fi
  :: m == TICK -> if :: !gone[0] -> resend(0) :: else -> skip fi; if :: !gone[1] -> resend(1) :: else -> skip fi
  :: m == PSTART2 ->
     if
     :: cmd[1] == NONE && MAY_FOLLOW -> resend(0); issue(1)   /* the sends of the run that ends are accepted before */
     :: else -> resend(1)
     fi
#ifdef ANY_RUN
  :: m == REPLY0 || m == REPLY1 -> if :: cmd[1] != NONE -> answered(1, ro[K(m)]) :: else -> answered(0, ro[K(m)]) fi
#else
  :: m == REPLY0 -> answered(0, ro[0])
  :: m == REPLY1 -> answered(1, ro[1])
#endif
  fi
}

inline child(m) {
  if
  :: m == START0 || m == START1 -> start(m, K(m))
  :: m == SETTLE0 || m == SETTLE1 -> settle(m, K(m))
  :: m == END ->
     if
#ifdef STUCK
     :: cst == OPEN && !was -> was = 1; stuck = 1; parked[END] = 1; q[RESUME] = 1
#endif
     :: cst == OPEN && stuck -> parked[END] = 1
     :: cst == OPEN && !stuck && (was || !STUCKS) -> if :: by < 2 -> completed[by] = 1 :: else -> skip fi; finish(m, COMPLETED)
     :: else -> if :: pcause == END && pk < 2 -> reply(pk, po) :: else -> skip fi
     fi
  :: m == RESUME ->
     stuck = 0; i = 0;
     do :: i < NM -> if :: parked[i] -> parked[i] = 0; q[i] = 1 :: else -> skip fi; i++ :: else -> break od; i = 0
  fi
}

/* What is true at every moment. */
#define SOUND(k) (begins[k] <= 1 && !(told[k] == COMPLETED && !completed[k]) && !(told[k] == CANCELLED && completed[k] && !cancelled[k]))
#define ORPHAN(k) (told[k] >= CANCELLED && by == k && cst == OPEN)

proctype worker() {
  byte m, i; byte snd_start, snd_settle, snd_reply; byte so[2];
end:
  do
  :: atomic {
       if
       :: q[PSTART] -> m = PSTART   :: q[CANCEL] -> m = CANCEL  :: q[PSTART2] -> m = PSTART2 :: q[TICK] -> m = TICK
       :: q[START0] -> m = START0   :: q[START1] -> m = START1  :: q[SETTLE0] -> m = SETTLE0 :: q[SETTLE1] -> m = SETTLE1
       :: q[END] -> m = END         :: q[RESUME] -> m = RESUME  :: q[REPLY0] -> m = REPLY0   :: q[REPLY1] -> m = REPLY1
       fi;
       busy++; q[m]--; snd_start = 0; snd_settle = 0; snd_reply = 0; so[0] = 0; so[1] = 0;
       if
       :: faults_left > 0 -> faults_left--; q[m]++                                  /* it is delivered twice */
       :: true -> skip
       fi;
       if
       :: m == START0 || m == START1 || m == SETTLE0 || m == SETTLE1 || m == END || m == RESUME -> child(m)
       :: else -> parent(m)
       fi;
       assert(SOUND(0) && SOUND(1));
       assert(!ORPHAN(0) && !ORPHAN(1))
     };
     if
     :: atomic { faults_left > 0 -> faults_left--; q[m] = 1; busy--; m = 0; i = 0; snd_start = 0; snd_settle = 0; snd_reply = 0; so[0] = 0; so[1] = 0 }
     :: atomic {
          if
#ifdef LOSS
          :: faults_left > 0 && (snd_start || snd_settle || snd_reply) -> faults_left--   /* the queue loses what is sent */
#endif
          :: true ->
             if :: snd_start & 1 -> q[START0] = 1 :: else -> skip fi;
             if :: snd_start & 2 -> q[START1] = 1 :: else -> skip fi;
             if :: snd_settle & 1 -> q[SETTLE0] = 1 :: else -> skip fi;
             if :: snd_settle & 2 -> q[SETTLE1] = 1 :: else -> skip fi;
             if :: snd_reply & 1 -> q[REPLY0] = 1; ro[0] = so[0] :: else -> skip fi;
             if :: snd_reply & 2 -> q[REPLY1] = 1; ro[1] = so[1] :: else -> skip fi
          fi;
          busy--; m = 0; i = 0; snd_start = 0; snd_settle = 0; snd_reply = 0; so[0] = 0; so[1] = 0
        }
     fi
  od
}

#define IDLE (busy == 0 && !q[0] && !q[1] && !q[2] && !q[3] && !q[4] && !q[5] && !q[6] && !q[7] && !q[8] && !q[9] && !q[10] && !q[11])

#define WAITS(k) (!gone[k] && (cmd[k] == ISSUED || cmd[k] == SETTLING))

init {
#if defined(RESTART) || defined(RIVAL)
  bit second = 0;
#else
  bit second = 1;
#endif
  byte n = 0;
  atomic {
#ifdef FOREIGN
    cst = OPEN; by = FREE; q[END] = 1;
#endif
    q[PSTART] = 1;
#ifdef CANCELS
    q[CANCEL] = 1;
#endif
    do :: n < NH -> run worker(); n++ :: else -> break od; n = 0
  };
  do
#if defined(RESTART) || defined(RIVAL)
  :: atomic { !second && MAY_FOLLOW -> second = 1; q[PSTART2] = 1 }
#endif
#ifndef NO_RESEND
  :: atomic { IDLE && ticks > 0 && (WAITS(0) || WAITS(1)) -> ticks--; q[TICK] = 1 }
#endif
  :: atomic { IDLE && second && (NO_TICKS || ticks == 0 || !(WAITS(0) || WAITS(1))) -> break }
  od;
  /* Nothing is left to happen: each parent has its answer, and a child that is detached has begun and ended. */
  assert(!stuck);
  assert(!WAITS(0) && !WAITS(1));
#ifdef DETACH
  assert(begins[0] == 1 && completed[0] || refused[0] && cmd[1] != NONE)   /* the next run may take the id first */
#endif
}
