export { type Pdp, startPdp } from './app.ts'
export { type Config, ConfigError, parseConfig } from './config.ts'
