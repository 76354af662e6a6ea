export {
  composeGateway,
  type Gateway,
  type GatewayConfig,
  type GatewayPlatform,
} from './compose.ts'
export { defaultGatewayLimits, type GatewayLimits } from './gateway-limits.ts'
