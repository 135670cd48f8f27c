//! The mel filter bank that a model file carries: triangles on Slaney's mel scale, each of unit area.
//!
//! Scale: linear (200/3 Hz per mel) up to 1000 Hz, then logarithmic, 27 mels per factor of 6.4 (Slaney, Auditory
//! Toolbox, 1998). The rounding steps below are those of the published filters, so that a file that is rebuilt here has
//! the published checksum.

/// Samples per second that Whisper hears.
const SAMPLE_RATE: f64 = 16_000.0;
/// Samples per Fourier window.
const N_FFT: usize = 400;
/// Frequency bins of one window.
pub const BINS: usize = N_FFT / 2 + 1;

const HZ_PER_MEL: f64 = 200.0 / 3.0;
const LOG_FROM_HZ: f64 = 1000.0;
const LOG_FROM_MEL: f64 = LOG_FROM_HZ / HZ_PER_MEL;

fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn hz_to_mel(hz: f64) -> f64 {
    if hz < LOG_FROM_HZ {
        hz / HZ_PER_MEL
    } else {
        LOG_FROM_MEL + (hz / LOG_FROM_HZ).ln() / log_step()
    }
}

fn mel_to_hz(mel: f64) -> f64 {
    if mel < LOG_FROM_MEL {
        mel * HZ_PER_MEL
    } else {
        LOG_FROM_HZ * (log_step() * (mel - LOG_FROM_MEL)).exp()
    }
}

/// The filters from 0 Hz to half the sample rate, `n_mels` rows of [`BINS`] weights, row after row.
pub fn filters(n_mels: usize) -> Vec<f32> {
    let top = hz_to_mel(SAMPLE_RATE / 2.0);
    let mut edge: Vec<f64> = (0..=n_mels)
        .map(|i| mel_to_hz(i as f64 * top / (n_mels + 1) as f64))
        .collect();
    // Not by way of mels and back: the last weight is zero, not what a rounded logarithm leaves of it.
    edge.push(SAMPLE_RATE / 2.0);
    let mut filters = Vec::with_capacity(n_mels * BINS);
    for triangle in edge.windows(3) {
        let area = 2.0 / (triangle[2] - triangle[0]);
        for bin in 0..BINS {
            let hz = bin as f64 * SAMPLE_RATE / N_FFT as f64;
            let rising = (hz - triangle[0]) / (triangle[1] - triangle[0]);
            let falling = (triangle[2] - hz) / (triangle[2] - triangle[1]);
            // Adding 0.0 turns a negative zero, which has another bit pattern, into zero.
            let height = (rising.min(falling).max(0.0) + 0.0) as f32;
            filters.push((f64::from(height) * area) as f32);
        }
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_linear_below_1000_hz_and_returns_to_where_it_came_from() {
        assert!((hz_to_mel(500.0) - 7.5).abs() < 1e-12);
        assert!((hz_to_mel(6400.0) - 42.0).abs() < 1e-9);
        for hz in [0.0, 999.0, 1000.0, 1001.0, 8000.0] {
            assert!((mel_to_hz(hz_to_mel(hz)) - hz).abs() < 1e-9, "{hz}");
        }
    }

    #[test]
    fn every_filter_is_a_triangle_with_one_peak() {
        let all = filters(80);
        assert_eq!(all.len(), 80 * 201);
        for (row, filter) in all.chunks(BINS).enumerate() {
            let first = filter.iter().position(|&w| w > 0.0).unwrap();
            let last = filter.iter().rposition(|&w| w > 0.0).unwrap();
            assert!(filter[first..=last].iter().all(|&w| w > 0.0), "row {row}");
            let peak = filter.iter().cloned().fold(0.0, f32::max);
            let top = filter.iter().position(|&w| w == peak).unwrap();
            assert!(filter[first..=top].is_sorted(), "row {row}");
            assert!(filter[top..=last].is_sorted_by(|a, b| a >= b), "row {row}");
        }
        assert!(all.iter().all(|w| w.is_sign_positive()));
    }

    #[test]
    fn the_filters_are_the_published_ones_bit_for_bit() {
        use sha2::{Digest, Sha256};
        let bytes: Vec<u8> = filters(80).iter().flat_map(|w| w.to_le_bytes()).collect();
        // Of the filters inside the published ggml-base.bin.
        assert_eq!(
            crate::speech::models::local::hex(&Sha256::digest(bytes)),
            "85818f156f7e189453901a515e4726d270d307f976e161cf9403e8caab405498"
        );
    }
}
