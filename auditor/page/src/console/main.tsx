/**
 * Entry point of the console.
 *
 * @module
 */
import '@mandate/ui/jitless'
import { render } from 'preact'
import '@mandate/ui/styles/type.css'
import '@mandate/ui/styles/base.css'
import '../styles/base.css'
import '../styles/console.css'
import { ConsoleApp } from './app.tsx'

const root = document.getElementById('app')
if (root) render(<ConsoleApp />, root)
