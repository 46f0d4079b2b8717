export { type CareConfig, readConfig } from './config.ts'
export { startCare } from './start.ts'
