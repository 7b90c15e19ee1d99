; The sum of the squares of the distances of a million points.
(define (square x) (* x x))
(define (distance p) (+ (square (get p x)) (square (get p y))))

(let sum 0.0
  (let i 0
    (let p (record x 0 y 0.5)
      (while (< i 1000000)
        (put p x i)
        (set sum (+ sum (distance p)))
        (set i (+ i 1)))
      (record sum sum last p))))
