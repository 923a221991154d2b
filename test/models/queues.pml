/* One message and the three queues of the engine: `starts` takes starts, `operations` operations, the inbox the events of the bus. IAM restricts
 * the senders of a queue; the sender writes the kind of its message. On its way a message may be a dead letter, go through the hot lane, be
 * parked and redriven, or wait in the early buffer, in any order, JUMPS times: each sends it to the inbox in a wrapper of the engine's functions,
 * which names its first queue. A wrapper is trusted only in the inbox, because clients may write one too.
 * On every way, a message is admitted if its kind belongs to the queue to which its sender sent it, and refused otherwise.
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
#define CAME (BELIEVED -> names : at)             /* its first queue, as the engine knows it */
inline wrap() {
#ifdef WRAPPER_WITHOUT_QUEUE
  names = INBOX;
#else
  names = CAME;
#endif
  if :: wrapped && at != INBOX -> forged = 1 :: else -> skip fi;   /* the wrapped text is a client's wrapper */
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
  :: atomic { jumps > 0 -> jumps--; wrap() }               /* a dead letter, the hot lane, parked and redriven */
  :: atomic { jumps > 0 && kind == INBOX && CAME == INBOX && !(wrapped && at != INBOX) ->   /* parked by the end of its early buffer, and redriven */
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
