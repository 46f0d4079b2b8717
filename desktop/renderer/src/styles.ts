/**
 * Style sheets in cascade order: shared ones first.
 *
 * @module
 */
import '@mandate/ui/styles/type.css'
import '@mandate/ui/styles/base.css'
import '@mandate/ui/styles/chain.css'
import '@mandate/ui/styles/proof.css'
import './styles/layout.css'
import './styles/parts.css'
import './styles/screens.css'
import './styles/people.css'
import './styles/settings.css'
import './styles/activity.css'
import './styles/account.css'
