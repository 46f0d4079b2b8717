/**
 * Reason codes that the reference model can give: those of every domain, and those of the travel domain's gates.
 *
 * @module
 */
import type { ReasonCode } from '@mandate/protocol'

export type TravelCode = ReasonCode | 'price_above_limit' | 'lead_time_too_short' | 'risk_above_limit'
