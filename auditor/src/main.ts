#!/usr/bin/env node
/**
 * Entry point of `mandate-audit`. The commands are in `cli.ts`; see `--help`.
 *
 * @module
 */
import process from 'node:process'
import { processIo } from '@mandate/service/process-io'
import { run } from './cli.ts'

process.exitCode = await run(process.argv.slice(2), processIo())
