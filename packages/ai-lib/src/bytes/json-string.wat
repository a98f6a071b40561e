;; Finds the end of a JSON string, sixteen bytes at a time. Built into json-string-wasm.ts by scripts/build-wasm.js.
(module
  (memory (export "memory") 1)
  ;; Whether the last string had an escape.
  (global $escaped (export "escaped") (mut i32) (i32.const 0))

  (func $isHex (param $byte i32) (result i32)
    ;; Digits, and letters of either case: bit 5 makes them small.
    (i32.or
      (i32.lt_u (i32.sub (local.get $byte) (i32.const 0x30)) (i32.const 10))
      (i32.lt_u (i32.sub (i32.or (local.get $byte) (i32.const 0x20)) (i32.const 0x61)) (i32.const 6))))

  ;; $at: the first byte behind the opening quote; $end: where the text ends.
  ;; Gives the position behind the closing quote, or -1 where the string is not closed or not well formed.
  (func (export "stringEnd") (param $at i32) (param $end i32) (result i32)
    (local $marks i32) (local $byte i32) (local $bytes v128)
    (global.set $escaped (i32.const 0))
    (loop $next
      (block $mark
        (block $slow
          (br_if $slow (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end)))
          (local.set $bytes (v128.load (local.get $at)))
          (local.set $marks
            (i8x16.bitmask
              (v128.or
                (v128.or
                  (i8x16.eq (local.get $bytes) (v128.const i8x16 34 34 34 34 34 34 34 34 34 34 34 34 34 34 34 34))
                  (i8x16.eq (local.get $bytes) (v128.const i8x16 92 92 92 92 92 92 92 92 92 92 92 92 92 92 92 92)))
                (i8x16.lt_u (local.get $bytes) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32)))))
          (if (i32.eqz (local.get $marks))
            (then
              (local.set $at (i32.add (local.get $at) (i32.const 16)))
              (br $next)))
          (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $marks))))
          (br $mark))
        ;; The last bytes of the text, one by one.
        (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const -1))))
        (local.set $byte (i32.load8_u (local.get $at)))
        (br_if $mark
          (i32.or
            (i32.or (i32.eq (local.get $byte) (i32.const 34)) (i32.eq (local.get $byte) (i32.const 92)))
            (i32.lt_u (local.get $byte) (i32.const 32))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next))
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 34)) (then (return (i32.add (local.get $at) (i32.const 1)))))
      ;; A control character, or a backslash with nothing behind it.
      (if (i32.ne (local.get $byte) (i32.const 92)) (then (return (i32.const -1))))
      (if (i32.ge_u (i32.add (local.get $at) (i32.const 1)) (local.get $end)) (then (return (i32.const -1))))
      (global.set $escaped (i32.const 1))
      (local.set $byte (i32.load8_u offset=1 (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 117))
        (then
          (if (i32.gt_u (i32.add (local.get $at) (i32.const 6)) (local.get $end)) (then (return (i32.const -1))))
          (if
            (i32.eqz
              (i32.and
                (i32.and
                  (call $isHex (i32.load8_u offset=2 (local.get $at)))
                  (call $isHex (i32.load8_u offset=3 (local.get $at))))
                (i32.and
                  (call $isHex (i32.load8_u offset=4 (local.get $at)))
                  (call $isHex (i32.load8_u offset=5 (local.get $at))))))
            (then (return (i32.const -1))))
          (local.set $at (i32.add (local.get $at) (i32.const 6)))
          (br $next)))
      ;; " \ / b f n r t
      (if
        (i32.eqz
          (i32.or
            (i32.or
              (i32.or (i32.eq (local.get $byte) (i32.const 34)) (i32.eq (local.get $byte) (i32.const 92)))
              (i32.or (i32.eq (local.get $byte) (i32.const 47)) (i32.eq (local.get $byte) (i32.const 98))))
            (i32.or
              (i32.or (i32.eq (local.get $byte) (i32.const 102)) (i32.eq (local.get $byte) (i32.const 110)))
              (i32.or (i32.eq (local.get $byte) (i32.const 114)) (i32.eq (local.get $byte) (i32.const 116))))))
        (then (return (i32.const -1))))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (br $next))
    (i32.const -1)))
