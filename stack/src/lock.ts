export { holdLock, withLock } from '@mandate/service/process-lock'
