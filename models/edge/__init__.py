"""The edge: what stands between a browser and the load balancer, and lets a request through or not.

The real thing is a content delivery network with a web ACL (CloudFront and AWS WAF). Modelled is its rate rule: the
requests of an address within a look-back are counted and compared with a limit every so often, what is seen holds some
time later, and only so many addresses are limited at once. The real rule weights recent requests more, in a way that is
not published, and its delay varies: what was measured in public takes delays from 16 to 56 s. Here every request of the
look-back counts once, refused ones too, and the delay is a number.
"""
