/* One message and the three queues of the engine: `starts` takes starts, `operations` acts, the inbox what the bus delivers. IAM says who may
 * send to a queue; what the message is, its sender writes. On its way it may be a dead letter, go through the hot lane, be parked and sent
 * back, or wait in the early buffer, in any order, JUMPS times: each sends it to the inbox in a wrapper of the engine's functions, which says
 * where it came to first. Only in the inbox a wrapper is believed: clients may write one too.
 * Whatever its way, a message is admitted where its kind is of the queue to which its sender sent it, and refused else.
 * Without -D flags this is the recommended protocol; each flag plants one design error.               */
#define JUMPS 4
#define INBOX 0            /* queues, and the kinds of message that each takes */
#define STARTS 1
#define OPERATIONS 2
byte kind, first, at, jumps = JUMPS;
bit wrapped = 0, forged = 0; byte names = 0;      /* the wrapper around the message, and the queue that it names */
bit admitted = 0, refused = 0;
#ifdef WRAPPER_BELIEVED_ANYWHERE
#define BELIEVED wrapped
#else
#define BELIEVED (wrapped && at == INBOX)
#endif
#define CAME (BELIEVED -> names : at)             /* to which queue it came first, as the engine knows */
inline wrap() {
#ifdef WRAPPER_WITHOUT_QUEUE
  names = INBOX;
#else
  names = CAME;
#endif
  if :: wrapped && at != INBOX -> forged = 1 :: else -> skip fi;   /* a client's wrapper is what is wrapped */
  wrapped = 1; at = INBOX
}
init {
  atomic {
    if :: kind = INBOX :: kind = STARTS :: kind = OPERATIONS fi;
    if :: first = INBOX :: first = STARTS :: first = OPERATIONS fi;
    at = first;
    if :: true
       :: at != INBOX -> wrapped = 1; if :: names = INBOX :: names = STARTS :: names = OPERATIONS fi
    fi
  };
  do
  :: atomic { jumps > 0 -> jumps--; wrap() }               /* a dead letter, the hot lane, parked and sent back */
  :: atomic { jumps > 0 && kind == INBOX && CAME == INBOX && !(wrapped && at != INBOX) ->   /* parked by what ends its early buffer, and sent back */
       jumps--;
#ifdef EARLY_KEEPS_CARRIER
       names = OPERATIONS;                                 /* a terminate */
#else
       names = INBOX;
#endif
       wrapped = 1; at = INBOX }
  :: atomic { true ->
       if :: (wrapped && !BELIEVED) || forged -> refused = 1        /* no queue but the inbox takes a wrapper, and none within a wrapper from elsewhere */
          :: else -> if :: kind == CAME -> admitted = 1 :: else -> refused = 1 fi
       fi;
       break }
  od;
  atomic {
    assert(!admitted || kind == first);
    assert(!refused || kind != first || forged || (wrapped && at != INBOX))
  }
}
