#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CImages.h"

// Bounds on what a chunk may make libpng keep: this program uses no text, profile or unknown chunk.
enum { maximum_cached_chunks = 64, maximum_chunk_bytes = 8 << 20, maximum_side = 1000000, maximum_row_bytes = 8 * maximum_side + 4096 };

typedef struct {
    const uint8_t *bytes;
    size_t count, position;
    jmp_buf escape;
    hpm_image *image;
} reader;

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    reader *r = png_get_io_ptr(png);
    if (count > r->count - r->position) png_error(png, "the data ends too early; the file is truncated");
    memcpy(out, r->bytes + r->position, count);
    r->position += count;
}

// A row or a chunk is all that libpng asks for at once, and no chunk is longer than the file: of an eXIf chunk it believes the length.
static png_voidp allocate(png_structp png, png_alloc_size_t size) {
    const reader *r = png_get_mem_ptr(png);
    return size <= r->count + maximum_row_bytes ? malloc(size) : NULL;
}

static void release(png_structp png, png_voidp memory) {
    (void)png;
    free(memory);
}

static void fail(png_structp png, png_const_charp message) {
    reader *r = png_get_error_ptr(png);
    snprintf(r->image->message, sizeof r->image->message, "%s", message);
    longjmp(r->escape, 1);
}

static void ignore(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void skip_unused_chunks(png_structp png) {
    static const png_byte unused[] = "iCCP\0tEXt\0zTXt\0iTXt\0gAMA\0cHRM\0sRGB\0sPLT\0hIST\0pCAL\0sCAL\0tIME\0bKGD";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, unused, sizeof unused / 5);
    png_set_chunk_cache_max(png, maximum_cached_chunks);
    png_set_chunk_malloc_max(png, maximum_chunk_bytes);
    png_set_user_limits(png, maximum_side, maximum_side);
}

static void keep_exif(png_structp png, png_infop info, hpm_image *image) {
    png_uint_32 count = 0;
    png_bytep exif = NULL;
    if (png_get_eXIf_1(png, info, &count, &exif) == 0 || count == 0) return;
    image->exif = malloc(count);
    if (!image->exif) return;
    memcpy(image->exif, exif, count);
    image->exif_count = count;
}

// Lays RGBA rows over white, in place, leaving RGB.
static void flatten(uint8_t *pixels, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const unsigned alpha = pixels[4 * i + 3];
        for (int c = 0; c < 3; c++) pixels[3 * i + c] = (uint8_t)((pixels[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

static hpm_image_status decode(png_structp png, png_infop info, uint64_t maximum_pixels, hpm_image *image, png_bytep **rows) {
    png_read_info(png, info);
    image->width = png_get_image_width(png, info);
    image->height = png_get_image_height(png, info);
    if ((uint64_t)image->width * (uint64_t)image->height > maximum_pixels) return hpm_image_too_many_pixels;
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    const size_t channels = png_get_channels(png, info), stride = png_get_rowbytes(png, info);
    if ((channels != 3 && channels != 4) || stride != channels * (size_t)image->width) png_error(png, "its pixels have an unexpected layout");
    image->pixels = malloc(stride * (size_t)image->height);
    *rows = malloc(sizeof(png_bytep) * (size_t)image->height);
    if (!image->pixels || !*rows) return hpm_image_out_of_memory;
    for (int64_t y = 0; y < image->height; y++) (*rows)[y] = image->pixels + stride * (size_t)y;
    png_read_image(png, *rows);
    png_read_end(png, info);
    keep_exif(png, info, image);
    if (channels == 4) flatten(image->pixels, (size_t)image->width * (size_t)image->height);
    return hpm_image_ok;
}

hpm_image_status hpm_decode_png(const uint8_t *bytes, size_t count, uint64_t maximum_pixels, hpm_image *image) {
    memset(image, 0, sizeof *image);
    reader r = {.bytes = bytes, .count = count, .image = image};
    png_structp volatile png = NULL;
    png_infop volatile info = NULL;
    png_bytep *volatile rows = NULL;
    volatile hpm_image_status status = hpm_image_undecodable;
    if (setjmp(r.escape) == 0) {
        png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &r, fail, ignore, &r, allocate, release);
        info = png ? png_create_info_struct(png) : NULL;
        if (!png || !info) {
            status = hpm_image_out_of_memory;
        } else {
            png_set_read_fn(png, &r, read_bytes);
            skip_unused_chunks(png);
            status = decode(png, info, maximum_pixels, image, (png_bytep **)&rows);
        }
    } else {
        status = hpm_image_undecodable;
    }
    png_structp made = png;
    png_infop made_info = info;
    if (made) png_destroy_read_struct(&made, made_info ? &made_info : NULL, NULL);
    free(rows);
    if (status != hpm_image_ok) hpm_image_free(image);
    return status;
}

typedef struct {
    uint8_t *bytes;
    size_t count, capacity;
    jmp_buf escape;
} writer;

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
    writer *w = png_get_io_ptr(png);
    if (count > w->capacity - w->count) {
        const size_t capacity = (w->capacity + count) * 2;
        uint8_t *grown = realloc(w->bytes, capacity);
        if (!grown) png_error(png, "out of memory");
        w->bytes = grown;
        w->capacity = capacity;
    }
    memcpy(w->bytes + w->count, bytes, count);
    w->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

static void fail_writing(png_structp png, png_const_charp message) {
    (void)message;
    writer *w = png_get_error_ptr(png);
    longjmp(w->escape, 1);
}

hpm_image_status hpm_encode_png(const uint8_t *pixels, int64_t width, int64_t height, uint8_t **bytes, size_t *count) {
    writer w = {0};
    png_structp volatile png = NULL;
    png_infop volatile info = NULL;
    volatile hpm_image_status status = hpm_image_out_of_memory;
    if (setjmp(w.escape) == 0) {
        png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, fail_writing, ignore);
        info = png ? png_create_info_struct(png) : NULL;
        if (png && info) {
            png_set_write_fn(png, &w, write_bytes, flush_nothing);
            png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                         PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
            png_set_compression_level(png, 4);
            png_write_info(png, info);
            for (int64_t y = 0; y < height; y++) png_write_row(png, pixels + y * width * 3);
            png_write_end(png, info);
            status = hpm_image_ok;
        }
    }
    png_structp made = png;
    png_infop made_info = info;
    if (made) png_destroy_write_struct(&made, made_info ? &made_info : NULL);
    if (status != hpm_image_ok) {
        free(w.bytes);
        return status;
    }
    *bytes = w.bytes;
    *count = w.count;
    return hpm_image_ok;
}
