/**
 * The window with the fake main process: `/?scene=…` selects the scene.
 *
 * @module
 */
import '@mandate/ui/jitless'
import '../src/styles.ts'
import { mount } from '../src/app.tsx'
import { play, sceneOf } from './play.ts'

mount(play(sceneOf(new URLSearchParams(location.search).get('scene'))))
