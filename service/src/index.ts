export { Breaker, type BreakerOptions } from './breaker.ts'
export { type Listener, type ListenerBounds, type ListenerOptions, serve, type Tls } from './listener.ts'
export { tlsObjection } from './tls-objection.ts'
