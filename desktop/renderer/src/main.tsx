/**
 * Entry point of the window: mounts the app.
 *
 * @module
 */
import '@mandate/ui/jitless'
import './styles.ts'
import { mount } from './app.tsx'
import { connect } from './bridge.ts'

mount(connect())
