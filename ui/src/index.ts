/**
 * Components and texts that the auditor's page and the desktop's window share. No network, no storage but the last verified head of a log.
 *
 * @module
 */
export * from './chain.tsx'
export * from './checks.tsx'
export * from './domains.ts'
export * from './gates.ts'
export * from './links.ts'
export * from './local-time.ts'
export * from './new-entries.ts'
export * from './parts.tsx'
export * from './refusal.ts'
export * from './rows.ts'
export * from './verify.ts'
export * from './words.ts'
