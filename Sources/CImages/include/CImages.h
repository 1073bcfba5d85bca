// Image codecs behind plain functions: libpng's ordinary interface with its setjmp, TurboJPEG, libwebp. And Pillow's resampling.
//
// Pixels are 8-bit RGB, rows top to bottom, without padding. Nothing here traps on any bytes; sizes are checked before memory is taken.
#ifndef HPM_CIMAGES_H
#define HPM_CIMAGES_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    hpm_image_ok = 0,
    hpm_image_undecodable = 1,
    hpm_image_too_many_pixels = 2,
    hpm_image_out_of_memory = 3
} hpm_image_status;

/// A decoded image, as stored: its EXIF orientation is not yet applied. `pixels` and `exif` are the caller's to free.
typedef struct {
    uint8_t *pixels;
    int64_t width, height;
    uint8_t *exif;  // the TIFF structure of a PNG's eXIf chunk or a WebP's EXIF chunk, or NULL
    size_t exif_count;
    char message[256];  // why it failed, in the codec's words
} hpm_image;

/// A PNG. Palette, grey and low depths are expanded; of 16 bits the high byte is taken (as Pillow does); gamma and colour profiles are
/// ignored; transparency is laid over white in the stored (sRGB) values.
hpm_image_status hpm_decode_png(const uint8_t *bytes, size_t count, uint64_t maximum_pixels, hpm_image *image);

/// A JPEG. CMYK and YCCK are taken as Adobe writes them, inverted (as Pillow does). More than 500 scans are refused.
hpm_image_status hpm_decode_jpeg(const uint8_t *bytes, size_t count, uint64_t maximum_pixels, hpm_image *image);

/// A WebP; of an animation the first frame. Transparency is laid over white.
hpm_image_status hpm_decode_webp(const uint8_t *bytes, size_t count, uint64_t maximum_pixels, hpm_image *image);

void hpm_image_free(hpm_image *image);

/// RGB pixels as a PNG; `*bytes` is the caller's to free with `free`.
hpm_image_status hpm_encode_png(const uint8_t *pixels, int64_t width, int64_t height, uint8_t **bytes, size_t *count);

/// Bicubic, antialiased resampling of the box (left, top)–(right, bottom) of an image, in Pillow's 8-bit fixed point and its order of
/// passes, rounded and clamped between them.
hpm_image_status hpm_resize(const uint8_t *pixels, int64_t width, int64_t height, double left, double top, double right, double bottom,
                            int64_t new_width, int64_t new_height, uint8_t *resized);

#endif
