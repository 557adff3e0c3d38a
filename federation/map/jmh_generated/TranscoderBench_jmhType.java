package federation.map.jmh_generated;
public class TranscoderBench_jmhType extends TranscoderBench_jmhType_B3 {
}

