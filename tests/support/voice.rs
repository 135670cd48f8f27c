//! A made voice. Included by the unit tests of the cutting too.

const RATE: f32 = 16_000.0;

/// A buzz that the detector takes for a voice: a glottal pulse train through three formants, syllable by syllable.
pub fn voice(seconds: f64) -> Vec<f32> {
    let n = (seconds * f64::from(RATE)) as usize;
    let rate = RATE;
    let mut out = vec![0.0f32; n];
    let mut states = [[0.0f32; 2]; 3];
    for (i, sample) in out.iter_mut().enumerate() {
        let t = i as f32 / rate;
        let pitch = 120.0 + 20.0 * (t * 3.0).sin();
        let pulse = if (t * pitch).fract() < pitch / rate {
            1.0
        } else {
            0.0
        };
        let open = 0.5 + 0.5 * (t * 5.0 * std::f32::consts::TAU).sin();
        let shift = 1.0 + 0.3 * (t * 2.3 * std::f32::consts::TAU).sin();
        let mut y = 0.0;
        for (state, (f, bw)) in states.iter_mut().zip([
            (650.0 * shift, 80.0),
            (1100.0 / shift, 90.0),
            (2450.0, 120.0),
        ]) {
            let r = (-std::f32::consts::PI * bw / rate).exp();
            let c = 2.0 * r * (std::f32::consts::TAU * f / rate).cos();
            let v = pulse + c * state[0] - r * r * state[1];
            state[1] = state[0];
            state[0] = v;
            y += v * 0.08;
        }
        *sample = y * open;
    }
    out
}

/// Digital silence.
pub fn silence(seconds: f64) -> Vec<f32> {
    vec![0.0; (seconds * f64::from(RATE)) as usize]
}
