"""The edge: what stands between a browser and the load balancer, and lets a request through or not.

The real thing is a web ACL (AWS WAF) on a balancer or a content delivery network. Modelled is one on the balancer: it
judges a request at the instant at which the request comes there, so that it takes no event of its own, and what it
refuses is on its way back from then on. Its rules stand in an order: a rate rule by address or by token, bot control,
and where somebody is; they allow, block, count, ask for a CAPTCHA or challenge.

Rate rule: the requests of an address within a look-back are compared with a limit every so often, what is seen holds
some time later, and only so many addresses are limited at once. The real one weights recent requests more, in a way
that is not published, and its delay varies: what was measured in public takes delays from 16 to 56 s. Here every
request of the look-back counts once, refused ones too, and the delay is a number.

Not modelled: what the edge caches, a second rate rule, tokens that a bot shares or sells, the way from an edge location
to the balancer, and that a mesh's proxy is behind it: what is refused has been under way as long as what is not.
Neither bill nor bytes have the answers of the edge itself.
"""
