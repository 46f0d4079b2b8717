/**
 * The window: mounts the app on the one channel to the main process.
 *
 * @module
 */
import '@mandate/ui/jitless'
import '@mandate/ui/styles/type.css'
import '@mandate/ui/styles/base.css'
import '@mandate/ui/styles/chain.css'
import '@mandate/ui/styles/proof.css'
import './styles/layout.css'
import './styles/parts.css'
import './styles/screens.css'
import { mount } from './app.tsx'
import { connect } from './bridge.ts'

mount(connect())
