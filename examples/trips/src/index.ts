export { readConfig, type TripsConfig } from './config.ts'
export { startTrips, type TripsLogger } from './start.ts'
