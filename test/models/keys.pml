/* Correlation by key: a key is an instance of its own, between the publishers of an event and the instances that wait for the key.
 * Modelled: two subscriptions 0 and 1, of two instances; with -DRESTART of two runs of one instance, the second begun after the first.
 *   A run begins with the open command S(i), which subscribes (its commit and its send: head.pml); END(i) -> it ends, and U(i) unsubscribes
 *   S(i) -> the key adds the subscriber, hands it the kept events, replies A(i), also to a duplicate: A(i) is not in its head    A(i) -> the command is not open any more
 *   X -> the key forwards it as F(i): to all subscribers, with -DFIRST to one; without any, it is kept in the early buffer
 *   F(i) -> applied once by the run that holds subscription i, under the id of X; else it returns to the key as R(i), without a write
 *   R(i) -> the key removes the subscriber; if no copy of X was taken, X goes to the other subscribers, or is kept (as R(i), in the same write)
 *   A key without subscribers is at rest: an early buffer that keeps its ring.
 *   A(i) to a run that does not hold the subscription any more: U(i) is sent, without a write.
 * Faults, F in any mix: crash of an invocation at any step (also = partial failure of a send), visibility timeout while the invocation lives
 *   on (zombie), duplicate delivery, also long after. 
 * Without -D flags this is the recommended protocol; each flag plants one design error.               */
#ifndef NH
#define NH 2
#endif
#ifndef F
#define F 1
#endif
#define N 2
#define END 0          /* kinds of messages, each for both subscriptions: message = kind + i */
#define S 2
#define A 4
#define FX 6
#define R 8
#define U 10
#define X 12
#define NS 13
#define KIND(m) ((m) - ((m) % 2))
#define I(m) ((m) % 2)
#ifdef RESTART
#define P(i) 0         /* both runs are of instance 0 */
#else
#define P(i) (i)
#endif
#define BIT(i) (1 << (i))
#define FREE 0
#define VIS 1
#define INF 2
#define GONE 3
#define MORE 4         /* in flight, and another one is on its way */
#define NONE 0
#define OPEN 1
#define CLOSED 2
#define V(i) (st[i]==VIS)
#define ANYVIS (V(0)||V(1)||V(2)||V(3)||V(4)||V(5)||V(6)||V(7)||V(8)||V(9)||V(10)||V(11)||V(12))

/* ---- the head of the key ---- */
byte kver = 0, subs = 0, buf = 0;     /* buf: 1 X, 2 and 4 a returned copy of subscription 0, 1 */
bit ringX = 0; byte ringR = 0;
byte fto = 0, ret = 0, rnd = 0;       /* to which subscribers X was forwarded last, which of those copies returned, and how often */
byte frnd[2], rrnd[2];                /* the round of the copies F(i), R(i) */
byte out = 0; byte cause[2];          /* pending sends F(0) F(1), and the message that caused each */
/* ---- the heads of the instances, by run: run 1 of -DRESTART replaces run 0 ---- */
byte iver[2], rs[2], cmd = 0, held = 0, iout = 0;
bit ring[2];
/* ---- queue, faults, ghosts ---- */
byte st[NS];
byte faults_left = F, got[2], kept = 0;
#define FAULT (faults_left > 0)
#define CURRENT(i) (rs[i] == OPEN)
#define HOLDS(i) (CURRENT(i) && ((cmd|held) & BIT(i)))

/* Another message of this kind. One that is in flight has been classified already, so the other one follows it. */
inline post(m) { if :: st[m] == INF -> st[m] = MORE :: st[m] == VIS || st[m] == MORE -> skip :: else -> st[m] = VIS fi }

/* A copy of X, unless a later one is on its way. */
inline copy(i) { if :: frnd[i] <= l_o -> post(FX+i); frnd[i] = l_o :: else -> skip fi }

/* The subscribers that get X now, and the pending sends for it. */
inline distribute(by) {
#ifdef FIRST
  if :: subs & 1 -> fto = 1 :: else -> fto = subs fi;
#else
  fto = subs;
#endif
  ret = 0; out = out | fto;
#ifndef NO_ROUNDS                      /* a copy that comes back is known by the event and the subscription alone */
  rnd++; ringR = 0;
#endif
  if :: fto & 1 -> cause[0] = by :: else -> skip fi;
  if :: fto & 2 -> cause[1] = by :: else -> skip fi
}
inline returned(i, by) {
  subs = subs & (3 - BIT(i)); ret = ret | BIT(i);
  if
#ifdef RETURN_ALONE                    /* each returned copy counts as if no other had been taken */
  :: true ->
#else
  :: ret == fto ->
#endif
       if :: subs -> ringR = ringR | BIT(i); distribute(by)
#ifdef RETURN_LOST
          :: else -> ringR = ringR | BIT(i)
#else
          :: else -> buf = buf | (2 << i)       /* at rest, with the event: its identity is not in the ring */
#endif
       fi
#ifndef RETURN_ALONE
  :: else -> ringR = ringR | BIT(i)
#endif
  fi
}
/* Whether the message applies to the key (1), is kept in the buffer (2), or changes nothing (0). */
inline onKey(m) {
  v = 0;
  if
  :: KIND(m) == S -> if :: !(subs & BIT(I(m))) -> v = 1 :: else -> skip fi
  :: KIND(m) == U -> if :: subs & BIT(I(m)) -> v = 1 :: else -> skip fi
#ifdef FIRST_CHOSEN_AGAIN               /* the choice is not remembered: a duplicate is decided again */
  :: m == X -> if :: subs -> v = 1 :: !subs && !ringX -> v = 2 :: else -> skip fi
#else
  :: m == X -> if :: ringX -> skip :: !ringX && subs -> v = 1 :: else -> v = 2 fi
#endif
#ifdef RETURN_TWICE
  :: KIND(m) == R -> v = 1
#else
  :: KIND(m) == R -> if :: l_r == rnd && !(ringR & BIT(I(m))) -> v = 1 :: else -> skip fi
#endif
  fi
}
inline applyKey(m) {
  out = 0;                                     /* older pending sends: sent just before, dropped with this commit */
  if
  :: KIND(m) == S ->
       subs = subs | BIT(I(m));
#ifndef EARLY_NOT_HANDED
       bufr = rnd;
       if :: (buf & 1) && !ringX -> ringX = 1; distribute(m) :: else -> skip fi;
       if :: (buf & 2) && !(ringR & 1) && bufr == rnd -> ringR = ringR | 1; ret = ret | 1;
               if :: ret == fto -> distribute(m) :: else -> skip fi
          :: else -> skip fi;
       if :: (buf & 4) && !(ringR & 2) && bufr == rnd -> ringR = ringR | 2; ret = ret | 2;
               if :: ret == fto -> distribute(m) :: else -> skip fi
          :: else -> skip fi;
       buf = 0
#endif
  :: KIND(m) == U -> subs = subs & (3 - BIT(I(m)))
  :: m == X -> ringX = 1; distribute(m)
  :: KIND(m) == R -> returned(I(m), m)
  fi;
#ifdef RING_DIES_AT_REST
  if :: !subs -> ringX = 0 :: else -> skip fi;
#endif
  kver++
}
#define KSENDS(m) ((((out & 1) && cause[0] == m) -> 1 : 0) | (((out & 2) && cause[1] == m) -> 2 : 0) | (KIND(m) == S -> 4 << I(m) : 0))

#define Z(i) :: atomic { FAULT && (st[i] == INF || st[i] == MORE) -> st[i] = VIS; faults_left-- }
#define D(i) :: atomic { FAULT && st[i] == GONE -> st[i] = VIS; faults_left-- }
#define ENDS(i) :: atomic { rs[i] == OPEN && st[END+i] == FREE -> st[END+i] = VIS }
active proctype env() {
  end: do
  Z(0) Z(1) Z(2) Z(3) Z(4) Z(5) Z(6) Z(7) Z(8) Z(9) Z(10) Z(11) Z(12)
  D(0) D(1) D(2) D(3) D(4) D(5) D(6) D(7) D(8) D(9) D(10) D(11) D(12)
#ifdef ALL_END
  ENDS(0) ENDS(1)
#else
  ENDS(0)
#endif
#ifdef RESTART
  :: atomic { rs[0] == CLOSED && rs[1] == NONE -> rs[1] = OPEN; cmd = cmd | 2; st[S+1] = VIS; iver[0]++;
       if :: iout & 1 -> post(U) :: else -> skip fi; iout = 0 }          /* of the closed run: sent before its head is replaced */
#endif
  :: atomic { FAULT -> faults_left-- }                    /* a fault that hits nothing: F covers every smaller budget */
  od
}
#define G(i) :: V(i) -> m = i
#define CRASH :: atomic { FAULT -> faults_left--; goto die }
proctype handler() {
  byte m = 0, l_ver = 0, v = 0, snd = 0, l_r = 0, l_o = 0, bufr = 0; bit back = 0, un = 0;
end: do
  :: atomic { ANYVIS ->
        if G(0) G(1) G(2) G(3) G(4) G(5) G(6) G(7) G(8) G(9) G(10) G(11) G(12) fi;
        st[m] = INF;
        if :: KIND(m) == FX -> l_r = frnd[I(m)] :: KIND(m) == R -> l_r = rrnd[I(m)] :: else -> skip fi };
again: atomic { snd = 0; back = 0; un = 0; v = 0;
        if
        :: m == X || KIND(m) == S || KIND(m) == U || KIND(m) == R ->
             l_ver = kver; onKey(m);
             if :: v == 0 -> snd = KSENDS(m); l_o = rnd :: else -> skip fi
        :: KIND(m) == END -> l_ver = iver[P(I(m))];
             if :: rs[I(m)] == OPEN -> v = 1 :: else -> if :: iout & BIT(I(m)) -> un = 1 :: else -> skip fi fi
        :: KIND(m) == A -> l_ver = iver[P(I(m))];
             if :: CURRENT(I(m)) && (cmd & BIT(I(m))) -> v = 1
                :: !HOLDS(I(m)) ->
#ifndef LATE_ACK_IGNORED
                     un = 1
#else
                     skip
#endif
                :: else -> skip fi
        :: KIND(m) == FX -> l_ver = iver[P(I(m))];
#ifdef FORWARD_NOT_DEDUPED
             if :: HOLDS(I(m)) -> v = 1
#else
             if :: ring[P(I(m))] -> skip
                :: !ring[P(I(m))] && HOLDS(I(m)) -> v = 1
#endif
                :: else ->
#ifndef RETURN_DROPPED
                     back = 1
#else
                     skip
#endif
                fi
        fi };
     if
     :: v == 0 -> skip
     :: v == 2 ->                                        /* the early buffer: no head, or at rest; no version */
        if
        CRASH
        :: atomic { subs == 0 -> kver++; buf = buf | 1; v = 0 }
        :: atomic { subs != 0 -> goto again }
        fi
     :: v == 1 && (m == X || KIND(m) == S || KIND(m) == U || KIND(m) == R) ->
        if
        CRASH
        :: atomic { l_ver != kver -> goto again }
        :: atomic { l_ver == kver ->                     /* pending sends of the last commit: sent before they are dropped */
             l_o = rnd; if :: out & 1 -> copy(0) :: else -> skip fi; if :: out & 2 -> copy(1) :: else -> skip fi;
             applyKey(m); snd = KSENDS(m); l_o = rnd;
             if :: FAULT -> faults_left--; goto again     /* the answer is lost: classify again */
                :: true fi }
        fi
     :: v == 1 && !(m == X || KIND(m) == S || KIND(m) == U || KIND(m) == R) ->
        if
        CRASH
        :: atomic { l_ver != iver[P(I(m))] -> goto again }
        :: atomic { l_ver == iver[P(I(m))] -> iver[P(I(m))]++;
             if
             :: KIND(m) == END -> rs[I(m)] = CLOSED;
#ifndef UNSUBSCRIBE_NEVER
                  iout = iout | BIT(I(m)); un = 1;
#endif
                  cmd = cmd & (3 - BIT(I(m))); held = held & (3 - BIT(I(m)))
             :: KIND(m) == A -> cmd = cmd & (3 - BIT(I(m))); held = held | BIT(I(m))
             :: KIND(m) == FX -> ring[P(I(m))] = 1; got[I(m)]++;
                  assert(got[I(m)] <= 1)                              /* none is delivered twice to one subscriber */
#ifdef FIRST
                  ; assert(got[0] + got[1] <= 1)                      /* exactly one subscriber gets it */
#endif
             fi;
             if :: FAULT -> faults_left--; goto again
                :: true fi }
        fi
     fi;
     if
     :: atomic { true ->
          if :: snd & 1 -> copy(0) :: else -> skip fi; if :: snd & 2 -> copy(1) :: else -> skip fi;
          if :: snd & 4 -> post(A) :: else -> skip fi; if :: snd & 8 -> post(A+1) :: else -> skip fi;
          if :: un -> post(U+I(m)) :: else -> skip fi; if :: back -> post(R+I(m)); rrnd[I(m)] = l_r :: else -> skip fi }
     :: atomic { FAULT && snd > 0 -> faults_left--;                   /* only some entries are accepted */
          if :: snd & 1 -> copy(0) :: snd & 2 -> copy(1) :: snd & 4 -> post(A) :: snd & 8 -> post(A+1) fi; goto die }
     CRASH
     fi;
     if
     :: atomic { true -> if :: st[m] == INF -> st[m] = GONE :: st[m] == MORE -> st[m] = VIS :: else -> skip fi; goto next }    /* acknowledged */
     CRASH
     fi;
die: atomic { if :: st[m] == INF || st[m] == MORE -> st[m] = VIS :: else -> skip fi };
next: atomic { m = 0; snd = 0; v = 0; l_ver = 0; l_r = 0; l_o = 0; bufr = 0; back = 0; un = 0 }
  od
}
init {
  byte i;
  atomic {
    st[S] = VIS; st[X] = VIS; rs[0] = OPEN; cmd = 1;
#ifndef RESTART
    st[S+1] = VIS; rs[1] = OPEN; cmd = 3;
#endif
    i = 0; do :: i < NH -> run handler(); i++ :: else -> i = 0; break od
  };
  timeout ->   /* quiescence */
    atomic {
      assert((subs & 1) == 0 || rs[0] == OPEN); assert((subs & 2) == 0 || rs[1] == OPEN);      /* no subscriber that has ended stays */
      assert(rs[0] != OPEN || (subs & 1)); assert(rs[1] != OPEN || (subs & 2));                /* each run that waits is subscribed */
      assert(got[0] + got[1] > 0 || buf);                                                        /* no event is lost */
      assert(!buf || subs == 0);                                                                 /* kept only without a subscriber */
      assert(!buf || got[0] + got[1] == 0);                                                      /* kept only if no subscriber took it */
      do :: i < NS -> assert(st[i] == FREE || st[i] == GONE); i++ :: else -> break od
    }
}
