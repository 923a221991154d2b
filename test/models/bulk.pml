/* A bulk job operates N instances, one engine command for each. Several concurrent invocations.
 *   C(i): the command to instance i;  A(i): its reply to the job;  S: the job issues its next command;  X: a cancel of the job (-DCANCEL).
 * An instance applies the operation once, because its ring holds the id of the command. The reply is a pending send of that commit. A verdict
 *   that writes nothing replies for each copy: the instance has ended, another run has begun, or it has refused the operation before. An
 *   instance that is in that state already notes the operation, so that a copy changes nothing when the state is another one.
 * -DENDS: instance 0 may end by itself.  -DRESTARTS: a new run of instance 0 may then begin; the job names the run of its preview.
 * -DTAKEN: another operator may bring instance 0 into that state before.
 * -DREFUSES: instance 0 refuses the operation (its code is wrong): the head names it, and the message comes again. An operator may fix the
 *   code and resume the instance, and may take the effect back (`back`); after either a copy of the command must not operate it.
 * The job sends an open command again by time, at most NR times, under the same id.
 * Faults, F in any mix: crash of an invocation at any step, duplicate delivery. Classify and commit are one step: the commit is conditional,
 *   and a verdict without a write rests on a strong view (head.pml). Without -D flags this is the recommended protocol. */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 2
#endif
#ifndef NR
#define NR 1
#endif
#define N 2
#define C(i) (i)
#define A(i) (N+(i))
#define S (2*N)
#define X (2*N+1)
#define NE (2*N+2)
#define OPEN 0         /* of an instance */
#define ENDED 1
#define STUCK 2
#define NONE 0         /* results */
#define DONE 1
#define FAILED 2
#define UNCHANGED 3

/* ---- the head of the job ---- */
byte issued = 0; bit jended = 0, jcancel = 0; bit jopen[N]; byte res[N];
/* ---- the heads of the instances ---- */
byte st[N]; bit ring[N], noted[N], refused[N], effect[N], later[N]; bit fixed = 0;
/* ---- queue, faults, ghosts ---- */
byte vis[NE]; byte faults_left = F, resends = NR; byte applied[N], tried[N]; bit backed = 0, taken = 0;
/* ---- the reply on its way: the last one that was sent ---- */
byte says[N];

#define FAULT (faults_left > 0)
#define CRASH :: atomic { FAULT -> faults_left--; goto die }
inline sendmsg(m) { vis[m]++; assert(vis[m] < 8) }
inline end_if_done() {
  if
#ifdef ENDS_EARLY
  :: jcancel -> jended = 1
#else
  :: jcancel && !jopen[0] && !jopen[1] -> jended = 1
#endif
  :: else -> if :: issued == N && !jopen[0] && !jopen[1] -> jended = 1 :: else -> skip fi
  fi
}
/* An instance decides on the operation: `says` is the reply, `again` brings the message back. */
inline operate(i) {
  if
#ifndef NO_RING
  :: ring[i] -> out = DONE
#else
  :: false -> skip
#endif
  :: else ->
     if
#ifndef REFUSED_FORGOTTEN
     :: refused[i] -> out = FAILED
#endif
#ifndef ANY_RUN
     :: later[i] -> out = FAILED
#endif
     :: noted[i] -> out = UNCHANGED
     :: else ->
        if
        :: st[i] == ENDED ->
#ifndef CLOSED_SILENT
             out = FAILED
#else
             skip
#endif
        :: st[i] == STUCK -> assert(tried[i] == 0); tried[i]++; again = 1
        :: st[i] == OPEN && effect[i] ->
#ifndef UNCHANGED_FORGOTTEN
             noted[i] = 1;
#endif
             out = UNCHANGED
        :: st[i] == OPEN && !effect[i] ->
             if
#ifdef REFUSES
             :: i == 0 && !fixed -> st[i] = STUCK; refused[i] = 1; again = 1
#endif
             :: else -> ring[i] = 1; effect[i] = 1; applied[i]++; assert(applied[i] == 1); assert(!later[i]);
#ifndef REPLY_UNKEPT
                        out = DONE
#else
                        out = DONE; unkept = 1
#endif
             fi
        fi
     fi
  fi
}

proctype worker() {
  byte e, out; bit again, unkept;
end: do
  :: atomic { vis[C(0)] > 0 -> e = C(0); vis[e]-- }; goto got
  :: atomic { vis[C(1)] > 0 -> e = C(1); vis[e]-- }; goto got
  :: atomic { vis[A(0)] > 0 -> e = A(0); vis[e]-- }; goto got
  :: atomic { vis[A(1)] > 0 -> e = A(1); vis[e]-- }; goto got
  :: atomic { vis[S] > 0 -> e = S; vis[e]-- }; goto got
  :: atomic { vis[X] > 0 -> e = X; vis[e]-- }; goto got
  od;
got:
  out = NONE; again = 0; unkept = 0;
  if
  CRASH
  :: atomic { FAULT -> faults_left--; sendmsg(e) }
  :: true
  fi;
  atomic {
    if
    :: e < N ->
#ifdef REPLY_UNKEPT
       bit was = ring[e];
#endif
       operate(e);
#ifdef REPLY_UNKEPT
       if :: was -> out = NONE :: else -> skip fi
#endif
    :: e >= N && e < S ->
       if :: jended || !jopen[e-N] -> skip
          :: else -> jopen[e-N] = 0; res[e-N] = says[e-N]; end_if_done()
       fi
    :: e == S ->
       if :: jended || issued == N -> skip
          :: else ->
             if
#ifndef ISSUES_CANCELLED
             :: jcancel -> skip
#endif
             :: else -> assert(!jcancel); jopen[issued] = 1; issued++; out = issued
             fi
       fi
    :: e == X -> if :: jended || jcancel -> skip :: else -> jcancel = 1; end_if_done() fi
    fi
  };
  if
  CRASH
  :: true
  fi;
  atomic {
    if
    :: e < N && out != NONE -> says[e] = out; sendmsg(A(e))
    :: e == S ->
#ifdef SENDS_OF_COMMIT
       if :: out != NONE -> sendmsg(C(out-1)) :: else -> skip fi;
#else
       /* a copy of the message makes the sends of its commit again */
       if :: issued > 0 && jopen[0] -> sendmsg(C(0)) :: else -> skip fi;
       if :: issued > 1 && jopen[1] -> sendmsg(C(1)) :: else -> skip fi;
#endif
       if :: issued < N && !jended && !jcancel -> sendmsg(S) :: else -> skip fi
    :: else -> skip
    fi
  };
  if
  CRASH
  :: true
  fi;
  if :: again -> atomic { sendmsg(e) } :: else -> skip fi;
  goto end;
die:
  atomic { sendmsg(e); goto end }
}

active proctype world() {
  atomic {
    sendmsg(S);
#ifdef CANCEL
    sendmsg(X);
#endif
    byte w = 0;
    do :: w < NH -> run worker(); w++ :: else -> break od
  };
  do
  :: atomic { resends > 0 && jopen[0] && !jended -> resends--; sendmsg(C(0)) }
  :: atomic { !backed && effect[0] -> backed = 1; effect[0] = 0 }   /* an operator takes the effect back */
#ifdef ENDS
  :: atomic { st[0] == OPEN && !later[0] -> st[0] = ENDED }
#endif
#ifdef RESTARTS
  :: atomic { st[0] == ENDED -> st[0] = OPEN; later[0] = 1; effect[0] = 0 }
#endif
#ifdef TAKEN
  :: atomic { !taken && !effect[0] && st[0] == OPEN -> taken = 1; effect[0] = 1 }
#endif
#ifdef REFUSES
  :: atomic { st[0] == STUCK -> st[0] = OPEN; fixed = 1;
#ifdef RESUME_FORGETS
       refused[0] = 0
#endif
     }
#endif
  :: atomic { timeout ->
       assert(jended);                                                /* a job ends */
       assert(!jopen[0] && !jopen[1]);                                /* and no operation is without a result */
       byte i = 0;
       do
       :: i < N -> assert(res[i] != DONE || applied[i] == 1 || backed);
                   assert(res[i] != FAILED || applied[i] == 0);
                   assert(res[i] != UNCHANGED || applied[i] == 0);
                   assert(jcancel || res[i] != NONE); i++
       :: else -> break
       od;
       break }
  od
}
