export { type Pdp, startPdp } from './app.ts'
export { type Config, ConfigError, parseConfig } from './config.ts'
export { problemsOf } from './http/openapi/operation.ts'
export { OPERATIONS } from './http/openapi/operations.ts'
