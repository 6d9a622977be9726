export { describeActuatorConformance } from './actuator.ts';
