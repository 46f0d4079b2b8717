/**
 * The window: mounts the app on the one channel to the main process.
 *
 * @module
 */
import '@mandate/ui/jitless'
import './styles.ts'
import { mount } from './app.tsx'
import { connect } from './bridge.ts'

mount(connect())
