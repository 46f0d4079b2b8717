export type { AgentLogger } from './app.ts'
export { type AgentConfig, readConfig } from './config.ts'
export type { Run, RunItem } from './run.ts'
export { runOnOwnSchedule, startAgent } from './start.ts'
